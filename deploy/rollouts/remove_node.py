"""`deploy.remove_node`: a host leaves a cluster. Pure."""

from deploy.cluster.nodes import ClusterError
from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Node
from deploy.rollouts import capacity
from deploy.rollouts.cluster_preflight import require_healthy
from deploy.rollouts.hosts import DeployedCluster
from deploy.rollouts.reshape import reshape
from deploy.rollouts.rollout import Rollout
from deploy.rollouts.turns import Turn


def remove_node(cluster: DeployedCluster, host: str) -> Rollout:
    """A host's slots and replicas move to the others, and its nodes leave, empty."""
    if host not in cluster.wanted.addresses:
        names = ", ".join(sorted(cluster.wanted.addresses))
        raise ClusterError(f"host: {host!r} isn't in the inventory; choose one of {names}")
    view = cluster.view
    stay = [node for node in view.nodes if node.host != host]
    gone = [n for n in view.nodes if n.host == host and not _is_member(view, n, stay)]
    require_healthy(cluster, [node for node in view.nodes if node not in gone], open_slots=True)
    if lines := capacity.too_full(view, stay):
        raise ClusterError(
            "the data would not fit on the remaining hosts; raise redis.maxmemory there, delete "
            "data or add another host first",
            *lines,
        )
    stop = [Turn(host, step, None) for step in cluster.hosts[host].runtime.retire()]
    return reshape(cluster, stay, first=stop)


def _is_member(view: ClusterView, node: Node, stay: list[Node]) -> bool:
    """Whether it has yet to leave; one that doesn't answer may have to."""
    here = view.present
    return node not in here or all(view.knows(other, node) for other in stay if other in here)
