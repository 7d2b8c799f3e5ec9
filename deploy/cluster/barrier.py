"""Steps by which the hosts of a cluster wait for each other, and one does something for all."""

from collections.abc import Callable
from dataclasses import dataclass

from deploy.cluster.nodes import Nodes, Site
from deploy.cluster.steps import ClusterStep
from deploy.steps import Step


@dataclass(frozen=True)
class OnCluster(Step):
    """A step on the cluster, by the host that does it for all."""

    step: ClusterStep
    site: Site

    def __str__(self) -> str:
        return str(self.step)


@dataclass(frozen=True)
class Await(Step):
    """A barrier that all hosts pass together, once the one that has the `site` finds it ready."""

    changes = False
    what: str
    site: Site | None = None
    ready: Callable[[Nodes], object] | None = None

    def __str__(self) -> str:
        return self.what
