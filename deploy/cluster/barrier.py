"""The barrier at which the hosts of a cluster wait for each other."""

from collections.abc import Callable
from dataclasses import dataclass

from deploy.cluster.nodes import ClusterSpec, Nodes
from deploy.steps import Step


@dataclass(frozen=True)
class Barrier(Step):
    """All hosts pass it together, once the one that has the `spec` finds it `ready`."""

    changes = False
    what: str
    spec: ClusterSpec | None = None
    ready: Callable[[Nodes], object] | None = None

    def __str__(self) -> str:
        return self.what
