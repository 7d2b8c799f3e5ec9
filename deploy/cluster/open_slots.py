"""Moves of slots that were cut off are ended: each slot's keys come to where it is served."""

import time
from collections.abc import Collection

from deploy.cluster.health import problems
from deploy.cluster.nodes import ClusterError, Nodes, wait
from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Node

_STILL_S = 3.0
"""Whoever moves slots changes something in this time."""
_CURE = (
    "a key may be on two masters, as when one died that was giving a slot; find it (CLUSTER "
    "GETKEYSINSLOT), compare (ASKING, DUMP), delete the copy that is no longer true (ASKING, DEL), "
    "and run again"
)


def close_open(nodes: Nodes, among: Collection[Node], *, search: bool = False) -> bool:
    """Ends the moves that were cut off. Returns whether anything was changed.

    Args:
        among: the members of the cluster; the others are yet to join.
        search: also those that nobody remembers. A node that was forgotten takes with it that it
            was giving a slot, and another one has keys of it that nobody asks it for. Every master
            is asked about every slot: some seconds.

    Raises:
        ClusterError: they are not well but for the open slots, or a slot can't be closed.
    """
    if not search and not nodes.view().open_slots:
        return False

    def unwell(view: ClusterView) -> list[str]:
        return problems(view.only(among), 0, open_slots=True)

    wait(nodes, unwell, "the cluster is well but for its open slots")
    view = wait(nodes, _Movement(), "nobody moves slots; does an earlier run's redis-cli still?")
    found = sorted(view.open_slots)
    if found:
        nodes.tell(f"{len(found)} slots were left open by a move that was cut off: {found}")
    first = next(node for node in view.masters if node in among)
    fix = ["--cluster", "fix", first.endpoint]
    try:
        said = nodes.ask(first, *fix, *(["--cluster-search-multiple-owners"] if search else []))
    except ClusterError as error:
        raise ClusterError(f"slots can't be closed ({found}): {_CURE}", str(error)) from None
    return bool(found) or "Fixing" in said


class _Movement:
    """Why it can't be said yet that nobody moves slots."""

    def __init__(self) -> None:
        self._seen: object = None
        self._since = 0.0

    def __call__(self, view: ClusterView) -> list[str]:
        now = [(node, found.slots, found.open_slots) for node, found in view.present.items()]
        if now != self._seen:
            self._seen, self._since = now, time.monotonic()
        return [] if time.monotonic() - self._since > _STILL_S else ["slots have moved just now"]
