"""Manual failover: a replica takes over its master's slots; no write is lost or refused."""

import re
import time
from collections import Counter
from contextlib import suppress

from deploy.cluster.health import MAX_LAG
from deploy.cluster.nodes import ClusterError, Nodes, wait
from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Node

_TRIES_S = 7
"""A replica keeps trying to take over for five seconds."""
_BUSY_S = 1
"""A busy client sends something within this time."""
_VOTE_AGAIN_TIMEOUTS = 2
"""Node timeouts after which masters vote again about the same master (cluster_legacy.c,
`clusterSendFailoverAuthIfNeeded`)."""
_ELECTION_S = 2
"""The votes of an election count for at least this long (`clusterHandleSlaveFailover`)."""


def fail_over(nodes: Nodes, master: Node, successor: Node | None = None) -> Node | None:
    """Lets a replica take over; waits until every node sees it and the old master replicates it.

    Redis coordinates it: the master pauses its clients until the replica has caught up with all
    their writes. Returns the new master; None if the node had no slots to hand over.

    Raises:
        ClusterError: no replica can take over, or it didn't in time. Nothing is forced.
    """
    view = nodes.view()
    found = view[master]
    if not found.is_master or not found.slots:
        return None
    if not nodes.spec.replicas and not view.replicas(master):
        nodes.tell(
            f"{master} has no replica (cluster.replicas is 0): its slots are unavailable meanwhile"
        )
        return None
    successor = successor or best_replica(view, master)
    if unfit := _unfit(view, successor, master):
        raise ClusterError(f"{successor} can't take over from {master}: {unfit}")
    _wait_for_votes(nodes, master)
    command = _FailoverCommand(nodes, successor)
    command()

    def unmet(now: ClusterView) -> list[str]:
        if not _unfit(now, successor, master):  # it is still the replica that it was
            command.repeat()
        return _not_over(now, master, successor, found.slots)

    failure = f"{successor} did not take over from {master}"
    wait(nodes, unmet, failure, "nothing was forced; run again once both are healthy")
    nodes.tell(f"{successor} has taken over from {master}")
    return successor


def _wait_for_votes(nodes: Nodes, master: Node) -> None:
    """Waits until the other masters may vote about this one again: until then it would pause its
    clients in vain. The age of its oldest link to a replica says how long ago the last vote was.

    A replica that was a master just before would even count the votes of that election, and
    consider itself the master for a moment (up to Redis 8.2: `failover_auth_sent` outlives the
    election).
    """
    timeout = nodes.ask(master, "config", "get", "cluster-node-timeout")
    wanted_s = max(_VOTE_AGAIN_TIMEOUTS * int(timeout.split()[-1]) / 1000, _ELECTION_S)

    def unmet(_: ClusterView) -> list[str]:
        age_s = _age_s(nodes.ask(master, "client", "list", "type", "replica"))
        if age_s > wanted_s:  # in whole seconds: up to one may be missing
            return []
        return [
            f"{master} has had a replica for {age_s} s; masters vote again after {wanted_s:g} s"
        ]

    wait(nodes, unmet, f"the other masters were not ready to vote about {master}")


def disconnect_clients(nodes: Nodes, node: Node) -> None:
    """Closes client connections to a replica that is about to stop (CLIENT KILL). A client that was
    idle during the failover still takes it for the master, and a command sent to a node that is
    shutting down gets no answer; one that finds its connection closed reconnects and is redirected.
    Busy clients have been redirected already.
    """
    found = nodes.view().nodes.get(node)
    if found is None or found.is_master:
        return

    def unmet(_: ClusterView) -> list[str]:
        links = nodes.ask(node, "client", "list", "type", "master")
        return [] if _age_s(links) > _BUSY_S else [f"{node} became a replica a moment ago"]

    wait(nodes, unmet, f"the clients of {node} were not redirected")
    nodes.ask(node, "client", "kill", "type", "normal")


def _age_s(clients: str) -> int:
    """The age of the oldest connection in the answer to CLIENT LIST."""
    return max((int(age) for age in re.findall(r"\bage=(\d+)", clients)), default=0)


class _FailoverCommand:
    """CLUSTER FAILOVER, to which a replica only answers that it will try. After five seconds it
    silently gives up, as when the other masters' votes came too late.
    """

    def __init__(self, nodes: Nodes, successor: Node) -> None:
        self._nodes = nodes
        self._replica = successor
        self._when = 0.0

    def __call__(self) -> None:
        self._when = time.monotonic()
        self._nodes.ask(self._replica, "cluster", "failover")

    def repeat(self) -> None:
        """Sends it once more, unless the replica may still be trying."""
        if time.monotonic() - self._when > _TRIES_S:
            with suppress(ClusterError):  # it has just taken over
                self()


def best_replica(view: ClusterView, master: Node) -> Node:
    """The replica with most data; of several, the one whose host has the fewest masters.

    Raises:
        ClusterError: none can take over.
    """
    replicas = view.replicas(master)
    why = [f"{replica}: {_unfit(view, replica, master)}" for replica in replicas]
    fit = [replica for replica in replicas if not _unfit(view, replica, master)]
    if not fit:
        raise ClusterError(
            f"{master} has no replica that could take over; wait until one is in sync, or "
            "repair it",
            *why,
        )
    masters = Counter(node.host for node in view.masters)
    return min(fit, key=lambda node: (-view[node].offset, masters[node.host], node))


def _unfit(view: ClusterView, replica: Node, master: Node) -> str:
    found = view.nodes.get(replica)
    if found is None:
        return "it doesn't answer"
    if found.master_id != view[master].id:
        return f"it isn't a replica of {master}"
    if not found.link_up:
        return f"it has no link to {master}"
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
        lines.append(f"{successor} isn't the master of these slots yet")
    elif view[master].master_id != view[successor].id or not view[master].link_up:
        lines.append(f"{master} doesn't replicate {successor} yet")
    elif (behind := view[successor].offset - view[master].offset) > MAX_LAG:
        lines.append(f"{master} is {behind} bytes behind {successor}")
    for node, found in view.present.items():
        seen = next((member for member in found.members if member.id == view[successor].id), None)
        if seen is None or not slots <= seen.slots:
            lines.append(f"{node} doesn't see {successor} as the master yet")
    return lines
