"""A master's slots go to its best replica, without a write that is lost or refused."""

import re
import time
from collections import Counter
from contextlib import suppress

from deploy.cluster.health import MAX_LAG
from deploy.cluster.nodes import ClusterError, Nodes, wait
from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Node

_TRIES_S = 7
"""A replica tries for five seconds to take over."""
_BUSY_S = 1
"""Who is busy sends something in this time."""
_FORGOTTEN = 2
"""Node timeouts after which masters vote once more about the same one (cluster_legacy.c,
`clusterSendFailoverAuthIfNeeded`)."""
_ELECTION_S = 2
"""An election's votes count for as long, at least (`clusterHandleSlaveFailover`)."""


def fail_over(nodes: Nodes, master: Node, successor: Node | None = None) -> Node | None:
    """Lets a replica take over, and waits until every node sees it and the old master follows.

    Redis does it in step: the master holds its clients for the moment that the replica needs to
    have all they wrote. Returns the new master; None if there was nothing to hand over.

    Raises:
        ClusterError: no replica is fit for it, or it didn't take over in time. Nothing is forced.
    """
    view = nodes.view()
    found = view[master]
    if not found.is_master or not found.slots:
        return None
    if not nodes.spec.replicas and not view.replicas(master):
        nodes.tell(f"{master} has no replica (cluster.replicas is 0): its slots pause meanwhile")
        return None
    successor = successor or best_replica(view, master)
    if unfit := _unfit(view, successor, master):
        raise ClusterError(f"{successor} can't take over from {master}: {unfit}")
    _wait_for_votes(nodes, master)
    ask = _Asking(nodes, successor)
    ask()

    def unmet(now: ClusterView) -> list[str]:
        if not _unfit(now, successor, master):  # it is still the replica that it was
            ask.again()
        return _not_over(now, master, successor, found.slots)

    what = f"{successor} takes over from {master}; nothing was forced; run again once both are well"
    wait(nodes, unmet, what)
    nodes.tell(f"{successor} has taken over from {master}")
    return successor


def _wait_for_votes(nodes: Nodes, master: Node) -> None:
    """Waits until the other masters may vote about this one again: before they do, it would hold
    its clients in vain. It lost no vote as long as one and the same replica has been with it.

    A replica that was a master just before would even count the votes of then, and take itself for
    one for a moment (Redis 8.2 and before: `failover_auth_sent` outlives the election).
    """
    timeout = nodes.ask(master, "config", "get", "cluster-node-timeout")
    wanted_s = max(_FORGOTTEN * int(timeout.split()[-1]) / 1000, _ELECTION_S)

    def unmet(_: ClusterView) -> list[str]:
        age_s = _age_s(nodes.ask(master, "client", "list", "type", "replica"))
        if age_s > wanted_s:  # in whole seconds, each of which may only just have begun
            return []
        return [f"{master} has had a replica for {age_s} s; the others vote after {wanted_s:g} s"]

    wait(nodes, unmet, f"{master} may hand over")


def disconnect_clients(nodes: Nodes, node: Node) -> None:
    """Closes the connections of clients to a replica that is about to stop. Who was idle while it
    handed over takes it for the master still, and what is sent to a node that is just ending gets
    no answer; who finds the connection closed makes a new one, and is told where to go. Those that
    are busy have been told already. CLIENT KILL.
    """
    found = nodes.view().nodes.get(node)
    if found is None or found.is_master:
        return

    def unmet(_: ClusterView) -> list[str]:
        links = nodes.ask(node, "client", "list", "type", "master")
        return [] if _age_s(links) > _BUSY_S else [f"{node} has only just become a replica"]

    wait(nodes, unmet, f"who is busy on {node} has been told where to go")
    nodes.ask(node, "client", "kill", "type", "normal")


def _age_s(clients: str) -> int:
    """Of the oldest connection in the answer to CLIENT LIST."""
    return max((int(age) for age in re.findall(r"\bage=(\d+)", clients)), default=0)


class _Asking:
    """CLUSTER FAILOVER, of which a replica only says that it will try. It gives up after five
    seconds, without a word: as when a vote of the other masters came too late.
    """

    def __init__(self, nodes: Nodes, successor: Node) -> None:
        self._nodes = nodes
        self._heir = successor
        self._when = 0.0

    def __call__(self) -> None:
        self._when = time.monotonic()
        self._nodes.ask(self._heir, "cluster", "failover")

    def again(self) -> None:
        """Unless it may still be trying."""
        if time.monotonic() - self._when > _TRIES_S:
            with suppress(ClusterError):  # it has just taken over
                self()


def best_replica(view: ClusterView, master: Node) -> Node:
    """The replica that has most; among equals the one whose host has fewest masters.

    Raises:
        ClusterError: there is none that could take over.
    """
    replicas = view.replicas(master)
    why = [f"{replica}: {_unfit(view, replica, master)}" for replica in replicas]
    fit = [replica for replica in replicas if not _unfit(view, replica, master)]
    if not fit:
        raise ClusterError(
            f"{master} has no replica that could take over; wait until one is in sync, or mend it",
            *why,
        )
    masters = Counter(node.host for node in view.masters)
    return min(fit, key=lambda node: (-view[node].offset, masters[node.host], node))


def _unfit(view: ClusterView, replica: Node, master: Node) -> str:
    found = view.nodes.get(replica)
    if found is None:
        return "it doesn't answer"
    if found.master_id != view[master].id:
        return "it isn't its replica"
    if not found.link_up:
        return "it has no link to it"
    behind = view[master].offset - found.offset
    return f"it is {behind} bytes behind" if behind > MAX_LAG else ""


def _not_over(view: ClusterView, master: Node, successor: Node, slots: frozenset[int]) -> list[str]:
    missing = [
        f"{node} doesn't answer" for node in (master, successor) if view.nodes.get(node) is None
    ]
    if missing:
        return missing
    lines = []
    if not view[successor].is_master or not slots <= view[successor].slots:
        lines.append(f"{successor} is no master of these slots yet")
    elif view[master].master_id != view[successor].id or not view[master].link_up:
        lines.append(f"{master} doesn't follow {successor} yet")
    elif (behind := view[successor].offset - view[master].offset) > MAX_LAG:
        lines.append(f"{master} is {behind} bytes behind {successor}")
    for node, found in view.present.items():
        seen = next((member for member in found.members if member.id == view[successor].id), None)
        if seen is None or not slots <= seen.slots:
            lines.append(f"{node} doesn't see {successor} as the master yet")
    return lines
