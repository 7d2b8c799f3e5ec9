"""`deploy.add_node`: hosts join a cluster. Pure."""

from deploy.cluster.nodes import ClusterError
from deploy.rollouts.cluster_preflight import require_healthy
from deploy.rollouts.hosts import DeployedCluster
from deploy.rollouts.reshape import reshape
from deploy.rollouts.rollout import Rollout


def add_node(cluster: DeployedCluster) -> Rollout:
    """Hosts that are new in the inventory join; slots and replicas move to them."""
    view = cluster.view
    joined = [node for node in view.nodes if node not in cluster.new]
    if not joined:
        raise ClusterError("there is no cluster yet; run deploy.stack")
    require_healthy(cluster, joined, open_slots=True)
    return reshape(cluster, list(view.nodes), joining=True)
