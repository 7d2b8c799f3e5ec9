"""`deploy.failover_drill`: a replica of every shard takes over, and gives back. Pure."""

from deploy.cluster.nodes import ClusterError
from deploy.cluster.steps import HandOver
from deploy.rollouts.cluster_preflight import is_well
from deploy.rollouts.hosts import Cluster
from deploy.rollouts.rollout import Rollout
from deploy.rollouts.turns import Turn


def failover_drill(cluster: Cluster) -> Rollout:
    """Each shard's best replica takes over; once all have, each gives back to whom it was."""
    is_well(cluster)
    view, well = cluster.view, cluster.well()
    there, back = [], []
    for master in view.masters:
        if not (replicas := view.replicas(master)):
            raise ClusterError(f"{master} has no replica: set cluster.replicas to 1 or more")
        heir = replicas[0]
        there.append(Turn(master.host, HandOver(master, heir), well))
        back.append(Turn(heir.host, HandOver(heir, master), well))
    return Rollout(cluster.site, [*there, *back], well)
