"""Backups of a cluster, and backups of any shape put back into one."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cached_property

from pyinfra.context import host

from deploy.backups import checks
from deploy.backups.facts import InfoFact, RoomFact
from deploy.backups.places import Place, places_of
from deploy.backups.shelf import Draft, free
from deploy.backups.steps import Finish, Save, Source
from deploy.backups.verbs import STAMP, Backup, carried, fits, refuse, shelf_of
from deploy.cluster.health import MAX_LAG, problems
from deploy.cluster.slots import ranges
from deploy.cluster.state import SLOTS, ClusterView
from deploy.cluster.topology import Node
from deploy.operations.locks import locked
from deploy.rollouts import discovery
from deploy.rollouts.hosts import HostState, view
from deploy.steps import Step, Tell

Plan = tuple[list[Step], AbstractContextManager[None]]


class _Cluster:
    """The cluster of the inventory as it is now, seen from the host that pyinfra is at."""

    def __init__(self) -> None:
        self.wanted = discovery.inventory()
        self.hosts = discovery.host_states(self.wanted, host.name)
        self.view = view(self.wanted, self.hosts)

    @property
    def here(self) -> HostState:
        return self.hosts[host.name]

    @cached_property
    def places(self) -> dict[Node, Place]:
        """Every node's data, by node."""
        found = (place for known in self.hosts.values() for place in places_of(known.runtime))
        by_name = {place.node: place for place in found}
        return {node: by_name[str(node)] for node in self.wanted.nodes}

    @property
    def own(self) -> list[Place]:
        """Those of this host."""
        return [place for node, place in self.places.items() if node.host == host.name]


def save(*, to: object, keep: object) -> Plan:
    """The plan of a backup of all shards, for the host that pyinfra is at."""
    shelf, kept = shelf_of(to, keep)
    cluster = _Cluster()
    refuse("backed up", list(unsound(cluster.view)))
    name = f"cluster-{cluster.wanted.spec.first}"
    draft = Draft(shelf, name, STAMP)
    sources = {node: _source(cluster, node) for node in chosen(cluster.view)}
    own = {node: source for node, source in sources.items() if node.host == host.name}
    lines = []
    for node, source in own.items():
        place = source.place
        info, room = host.get_fact(InfoFact, place.cli), host.get_fact(RoomFact, place)
        found = checks.saving(info, room, shelf=shelf, here=free(shelf))
        lines += [f"{node}: {line}" for line in found]
    refuse("backed up", lines)
    archives = tuple(source.archive for source in sources.values())
    first = host.name == cluster.wanted.spec.first
    steps: list[Step] = [Save(source, draft) for source in own.values()]
    steps += [
        Tell(f"{node} is a master: its shard has no replica that has caught up")
        for node, source in own.items()
        if source.role == "master"
    ]
    steps.append(Finish(draft, archives if first else (), kept, cluster=True))
    return steps, locked("backup", cluster.wanted.spec.first)


def chosen(view: ClusterView) -> list[Node]:
    """The node of each shard that is saved: a replica that has caught up, or else the master."""
    return [_chosen(view, master) for master in sorted(view.masters)]


def _chosen(view: ClusterView, master: Node) -> Node:
    whole = (
        replica
        for replica in sorted(view.replicas(master))
        if view[replica].link_up and view[master].offset - view[replica].offset <= MAX_LAG
    )
    return next(whole, master)


def _source(cluster: _Cluster, node: Node) -> Source:
    found = cluster.view[node]
    master = cluster.view.master_of(node) or node
    return Source(
        cluster.places[node],
        found.version,
        cluster.wanted.stack.redis.auto_aof_rewrite_percentage,
        role="master" if found.is_master else "replica",
        slots=tuple(ranges(cluster.view[master].slots)),
    )


def unsound(view: ClusterView) -> Iterator[str]:
    """Why not every key would be in a backup, and once."""
    served = sum(len(view[master].slots) for master in view.masters)
    if served != SLOTS:
        yield f"the cluster: {served} of {SLOTS} slots are served by nodes that answer; mend it"
    for node, found in view.present.items():
        if found.open_slots:
            slots = ", ".join(map(str, sorted(found.open_slots)))
            yield f"{node}: has open slots: {slots}; deploy.rebalance closes them"


def restore(backup: Backup) -> Plan:
    """The plan of putting a backup of any shape into the cluster, for this host."""
    cluster = _Cluster()
    wanted, manifest = cluster.wanted, backup.manifest
    names = sorted(cluster.hosts)
    shares = tuple(
        backup.share(saved, cluster.own[0])
        for n, saved in enumerate(manifest.nodes)
        if names[n % len(names)] == host.name
    )
    capacity = checks.capacity(manifest, wanted.stack.redis.maxmemory, len(cluster.view.masters))
    lines = [
        *problems(cluster.view, wanted.cluster.replicas),
        *checks.cutting(manifest.nodes, backup.until),
        *(line for place in cluster.own for line in fits(backup, place, shares=len(shares))),
        *capacity,
    ]
    refuse("restored to", lines)
    first = host.name == wanted.spec.first
    runtime = cluster.here.runtime
    steps = carried(wanted.stack, runtime, backup, shares, cluster.own, compares=first)
    return steps, locked("restore", wanted.spec.first)
