"""`deploy.rebalance`: the shards of a cluster become even. Pure."""

from deploy.cluster.nodes import ClusterError
from deploy.rollouts.cluster_preflight import require_healthy
from deploy.rollouts.hosts import DeployedCluster
from deploy.rollouts.reshape import reshape
from deploy.rollouts.rollout import Rollout


def rebalance(cluster: DeployedCluster) -> Rollout:
    """Slots as even as possible, masters spread over the hosts."""
    if cluster.new:
        names = ", ".join(map(str, cluster.new))
        raise ClusterError(f"{names}: not in the cluster yet; run deploy.add_node")
    require_healthy(cluster, open_slots=True)
    return reshape(cluster, list(cluster.view.nodes))
