"""`deploy.failover_drill`: a replica of every shard takes over, and gives back. Pure."""

from deploy.cluster.nodes import ClusterError
from deploy.cluster.steps import FailOver
from deploy.rollouts.cluster_preflight import require_healthy
from deploy.rollouts.hosts import DeployedCluster
from deploy.rollouts.rollout import Rollout
from deploy.rollouts.turns import Turn


def failover_drill(cluster: DeployedCluster) -> Rollout:
    """Each shard's first replica takes over; once all have, the former masters take back over."""
    require_healthy(cluster)
    view, healthy = cluster.view, cluster.health_check()
    there, back = [], []
    for master in view.masters:
        if not (replicas := view.replicas(master)):
            raise ClusterError(f"{master} has no replica: set cluster.replicas to 1 or more")
        successor = replicas[0]
        there.append(Turn(master.host, FailOver(master, successor), healthy))
        back.append(Turn(successor.host, FailOver(successor, master), healthy))
    return Rollout(cluster.spec, [*there, *back], healthy)
