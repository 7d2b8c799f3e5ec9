"""The hosts of a cluster: what the inventory wants of them, and what each of them is now. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from deploy.cluster.nodes import ClusterSpec
from deploy.cluster.state import ClusterView, NodeView
from deploy.cluster.topology import Node
from deploy.facts.gather import Facts
from deploy.layout import CLUSTER_ROLES
from deploy.rollouts.inventory import ClusterInventory
from deploy.rollouts.turns import HealthCheck
from deploy.runtimes.server_runtime import ServerRuntime
from thoughtstream.acl import Role


@dataclass(frozen=True)
class HostState:
    """A host as it is now, and how it is deployed to."""

    runtime: ServerRuntime
    facts: Facts


@dataclass(frozen=True)
class DeployedCluster:
    """A cluster: what the inventory wants, and every host as it is now; `since`: when the
    interrupted run of the same verb began, if there was one.
    """

    wanted: ClusterInventory
    hosts: Mapping[str, HostState]
    since: float | None = None

    @property
    def spec(self) -> ClusterSpec:
        return self.wanted.spec

    @cached_property
    def view(self) -> ClusterView:
        """What all nodes report; one that has never been started is empty."""
        found = view(self.wanted, self.hosts)
        known = offline_members(self.hosts)
        new = {n: NodeView.blank(n) for n, v in found.nodes.items() if v is None and n not in known}
        return ClusterView({**found.nodes, **new})

    @property
    def new(self) -> list[Node]:
        """The nodes that are in no cluster yet."""
        return [node for node, found in self.view.present.items() if found.is_new]

    def health_check(self, replicas: int | None = None) -> HealthCheck:
        """That all nodes are healthy."""
        wanted = self.wanted.cluster.replicas if replicas is None else replicas
        return HealthCheck(frozenset(self.view.nodes), wanted)


def view(wanted: ClusterInventory, hosts: Mapping[str, HostState]) -> ClusterView:
    """What all nodes reported when the hosts were read."""
    return ClusterView({node: hosts[node.host].facts.nodes.get(node) for node in wanted.nodes})


def offline_members(hosts: Mapping[str, HostState]) -> set[Node]:
    """The nodes that don't answer, but have been in a cluster."""
    return {
        node
        for known in hosts.values()
        for node, view in known.facts.nodes.items()
        if view is None and known.runtime.state_file(node) in known.facts.paths
    }


def sources(hosts: Mapping[str, HostState], host: str) -> dict[Role, str]:
    """From which host another one copies a password that it lacks. If no host has it, the first one
    makes it.
    """
    found: dict[Role, str] = {}
    for role in CLUSTER_ROLES:
        having = sorted(name for name, known in hosts.items() if role in known.facts.secrets)
        source = (having or sorted(hosts))[0]
        if source != host:
            found[role] = source
    return found
