"""Resharding: how many slots go from which master to which, and moving them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from deploy.cluster.nodes import ClusterError, Nodes, wait_until_healthy
from deploy.cluster.slot_migration import move_slots
from deploy.cluster.state import SLOTS, ClusterView
from deploy.cluster.topology import Node

BATCH = 512
"""Slots that move between two health checks of the cluster."""


@dataclass(frozen=True)
class Move:
    """A number of slots from one master to another."""

    source: Node
    target: Node
    slots: int

    def __str__(self) -> str:
        return f"{self.slots} slots {self.source} -> {self.target}"


def even(have: Mapping[Node, int], masters: Sequence[Node]) -> dict[Node, int]:
    """How many slots each master should have; those with most keep the remainder, so that as few as
    possible move. All others in `have` get none.
    """
    share, over = divmod(SLOTS, len(masters))
    ordered = sorted(masters, key=lambda node: (-have.get(node, 0), node))
    wanted = {node: share + (place < over) for place, node in enumerate(ordered)}
    return {node: wanted.get(node, 0) for node in [*have, *(n for n in masters if n not in have)]}


def moves(have: Mapping[Node, int], want: Mapping[Node, int]) -> list[Move]:
    """The moves after which each node has as many slots as wanted."""
    spare = {node: have.get(node, 0) - want[node] for node in sorted(want)}
    found = []
    for target, lack in spare.items():
        missing = -lack
        for source in spare:
            if missing <= 0:
                break
            if (slots := min(spare[source], missing)) > 0:
                found.append(Move(source, target, slots))
                spare[source] -= slots
                missing -= slots
    return found


def ranges(slots: Collection[int]) -> list[tuple[int, int]]:
    """The first and the last of each run of slots."""
    ordered = sorted(slots)
    cuts = [n for n, (one, other) in enumerate(pairwise(ordered), 1) if other != one + 1]
    bounds = [0, *cuts, len(ordered)]
    return [(ordered[a], ordered[b - 1]) for a, b in pairwise(bounds) if b > a]


def counts(view: ClusterView) -> dict[Node, int]:
    """How many slots each master has now; some may have none."""
    return {node: len(found.slots) for node, found in view.present.items() if found.is_master}


def reshard(nodes: Nodes, want: Mapping[Node, int]) -> bool:
    """Moves slots until each master has as many as wanted; reports progress. Returns whether any
    moved.

    Raises:
        ClusterError: a node is no longer a master, or the cluster isn't healthy between batches.
    """
    view = wait_until_healthy(nodes)
    if gone := [node for node in want if not view[node].is_master]:
        names = ", ".join(map(str, gone))
        raise ClusterError(f"no longer a master since the plan was made: {names}; run again")
    ahead = moves(counts(view), want)
    total, done = sum(move.slots for move in ahead), 0
    for move in ahead:
        for slots in _batches(move.slots):
            move_slots(nodes, view, move.source, move.target, slots)
            done += slots
            nodes.tell(f"{done} of {total} slots moved ({done * 100 // total}%): {move}")
            view = wait_until_healthy(nodes)
    return bool(ahead)


def _batches(slots: int) -> list[int]:
    whole, rest = divmod(slots, BATCH)
    return [BATCH] * whole + ([rest] if rest else [])
