"""Whether a cluster is healthy. Pure."""

from collections.abc import Collection, Iterator

from deploy.cluster.state import SLOTS, ClusterView, NodeView
from deploy.cluster.topology import Node

MAX_LAG = 8 << 20
"""Bytes that a replica may lag behind: seconds of heavy writing, far less than the backlog. Master
and replica are asked one after the other, on busy hosts seconds apart."""


def problems(
    view: ClusterView, replicas: int, *, open_slots: bool = False, gone: Collection[str] = ()
) -> list[str]:
    """Why the cluster isn't healthy, a line each. Empty: every node sees all slots served and no
    member missing, no slot is open, every master has its replicas, and all are in sync.

    `open_slots`: there may be some, and nodes may disagree about them: one that imports slots takes
    no note of a failover of their owner. `gone`: the ids of members that may be missing.
    """
    moving = view.open_slots if open_slots else frozenset[int]()
    unresponsive = [f"{node} doesn't answer" for node, found in view.nodes.items() if found is None]
    own = [
        line
        for node, found in view.present.items()
        for line in _node(view, node, found, gone, moving)
    ]
    shards = [line for master in view.masters for line in _shard(view, master, replicas)]
    unclosed = [] if open_slots else list(_open(view))
    return [*unresponsive, *own, *_disagreement(view, moving), *unclosed, *shards]


def _node(
    view: ClusterView, node: Node, found: NodeView, gone: Collection[str], moving: Collection[int]
) -> Iterator[str]:
    if found.loading:
        yield f"{node} is loading its data"
    if found.info.get("aof_last_write_status", "ok") != "ok":
        yield f"{node} can't write its log; is its disk full?"
    if found.state != "ok":
        yield f"{node} sees the cluster as {found.state}"
    if found.slots_ok < SLOTS - len(found.open_slots.intersection(moving)):
        yield f"{node} sees {found.slots_ok} of {SLOTS} slots served"
    for member in found.members:
        if member.lost and member.id not in gone:
            name = view.node(member.id) or member.endpoint
            yield f"{node} sees {name} as {member.lost}"
    known = {member.id for member in found.members}
    for other, its in view.present.items():
        if its.id not in known:
            yield f"{node} doesn't know {other}"
    if not found.is_master:
        yield from _replica(view, node, found)


def _disagreement(view: ClusterView, moving: frozenset[int]) -> Iterator[str]:
    seen = list(view.present.items())
    for node, found in seen[1:]:
        if found.owners_but_of(moving) != seen[0][1].owners_but_of(moving):
            yield f"{node} and {seen[0][0]} disagree about who serves which slots"


def _open(view: ClusterView) -> Iterator[str]:
    for node, found in view.present.items():
        if found.open_slots:
            slots = ", ".join(map(str, sorted(found.open_slots)))
            yield f"{node} has open slots: {slots}; deploy.rebalance closes them"


def _replica(view: ClusterView, node: Node, found: NodeView) -> Iterator[str]:
    master = view.node(found.master_id)
    if master is None:
        yield f"{node} is a replica of a node that isn't in the inventory or doesn't answer"
    elif not found.link_up:
        yield f"{node} has no link to its master {master}"
    elif (behind := view[master].offset - found.offset) > MAX_LAG:
        yield f"{node} is {behind} bytes behind its master {master}"


def _shard(view: ClusterView, master: Node, replicas: int) -> Iterator[str]:
    found = view.replicas(master)
    if len(found) < replicas:
        yield f"{master} has {len(found)} of {replicas} replicas"
    for replica in found:
        if replica.host == master.host:
            yield f"{replica} is on the host of its master {master}"
