"""`deploy.restart`: every Redis of a cluster restarts. Pure, except for the clock."""

import time

from deploy.rollouts.cluster_preflight import require_healthy
from deploy.rollouts.hosts import DeployedCluster
from deploy.rollouts.rolling_restart import rolling
from deploy.rollouts.rollout import Rollout


def restart(cluster: DeployedCluster) -> Rollout:
    """All Redis nodes, one after the other; a resumed run skips those that it restarted already."""
    require_healthy(cluster)
    done = 0.0 if cluster.since is None else time.time() - cluster.since
    again = [n for n in cluster.view.nodes if cluster.view[n].uptime_s >= done]
    steps = {n: cluster.hosts[n.host].runtime.restart(n, "deploy.restart") for n in again}
    turns = rolling(cluster.view, cluster.wanted.cluster.replicas, steps)
    return Rollout(cluster.spec, turns, cluster.health_check())
