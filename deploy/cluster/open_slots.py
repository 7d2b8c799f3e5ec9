"""Finishes interrupted moves of slots: each slot's keys end up on the master that serves it."""

import time
from collections.abc import Collection

from deploy.cluster.health import problems
from deploy.cluster.nodes import ClusterError, Nodes, wait
from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Node

_STILL_S = 3.0
"""A move in progress changes something within this time."""
_CURE = (
    "a key may be on two masters, as when one died while a slot was leaving it; find it (CLUSTER "
    "GETKEYSINSLOT), compare (ASKING, DUMP), delete the outdated copy (ASKING, DEL), and run again"
)


def close_open(nodes: Nodes, among: Collection[Node], *, search: bool = False) -> bool:
    """Finishes interrupted moves. Returns whether anything was changed.

    Args:
        among: the members of the cluster; the others are yet to join.
        search: also those that no node remembers. When the source of a move is forgotten, so is
            the move, and the target has keys that nobody asks it for. Every master is asked about
            every slot: this takes some seconds.

    Raises:
        ClusterError: something else is wrong, too, or a slot can't be closed.
    """
    if not search and not nodes.view().open_slots:
        return False

    def other_problems(view: ClusterView) -> list[str]:
        return problems(view.only(among), 0, open_slots=True)

    wait(nodes, other_problems, "apart from its open slots, the cluster did not become healthy")
    view = wait(
        nodes,
        _Movement(),
        "slots did not stop moving",
        "is a redis-cli of an earlier run still at work?",
    )
    found = sorted(view.open_slots)
    if found:
        nodes.tell(f"an interrupted move left {len(found)} slots open: {found}")
    first = next(node for node in view.masters if node in among)
    fix = ["--cluster", "fix", first.endpoint]
    try:
        said = nodes.ask(first, *fix, *(["--cluster-search-multiple-owners"] if search else []))
    except ClusterError as error:
        raise ClusterError(f"these slots can't be closed ({found}): {_CURE}", str(error)) from None
    return bool(found) or "Fixing" in said


class _Movement:
    """Whether slots are moving: a view alone doesn't show it, two of them do."""

    def __init__(self) -> None:
        self._seen: object = None
        self._since = 0.0

    def __call__(self, view: ClusterView) -> list[str]:
        now = [(node, found.slots, found.open_slots) for node, found in view.present.items()]
        if now != self._seen:
            self._seen, self._since = now, time.monotonic()
        return [] if time.monotonic() - self._since > _STILL_S else ["slots moved a moment ago"]
