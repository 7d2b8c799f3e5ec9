"""A barrier: the hosts of a cluster wait for each other."""

from collections.abc import Callable
from dataclasses import dataclass

from deploy.cluster.nodes import ClusterSpec, Nodes
from deploy.steps import Step


@dataclass(frozen=True)
class Barrier(Step):
    """All hosts pass it together, once the host that has the `spec` finds the cluster `ready`."""

    changes = False
    what: str
    spec: ClusterSpec | None = None
    ready: Callable[[Nodes], object] | None = None

    def __str__(self) -> str:
        return self.what
