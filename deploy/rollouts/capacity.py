"""Whether the data of a cluster fits on some of its nodes. Pure."""

from collections.abc import Sequence

from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Node
from deploy.quantities import about

FILL = 0.9
"""The share of maxmemory that may be used: beyond it, writes would soon be refused."""


def too_full(view: ClusterView, stay: Sequence[Node]) -> list[str]:
    """The masters that would be too full if the others' data came to them, a line each."""
    masters = [node for node in view.masters if node in stay]
    leaving = sum(view[node].dataset for node in view.masters if node not in stay)
    lines = []
    for node in masters:
        found = view[node]
        after = found.used_memory + leaving // len(masters)
        if found.maxmemory and after > found.maxmemory * FILL:
            lines.append(
                f"{node} would have {about(after)} of {about(found.maxmemory)} (redis.maxmemory)"
            )
    return lines
