"""`deploy.upgrade`: another version of Redis or of the service, node by node. Pure."""

from deploy.cluster.nodes import ClusterError
from deploy.cluster.topology import Node
from deploy.rollouts import cluster_stack
from deploy.rollouts.cluster_preflight import require_healthy
from deploy.rollouts.hosts import DeployedCluster, sources
from deploy.rollouts.rolling_restart import rolling
from deploy.rollouts.rollout import Rollout
from deploy.rollouts.turns import Turn
from deploy.steps import Step


def upgrade(cluster: DeployedCluster) -> Rollout:
    """Packages or images are installed first, beside what is running; then nodes restart one by
    one, replicas before masters; then the service, host by host. Never to an older Redis, which
    could not read the data.
    """
    require_healthy(cluster)
    hosts = cluster.hosts
    lines = [line for known in hosts.values() for line in known.runtime.downgrades(known.facts)]
    if lines:
        raise ClusterError(
            "Redis can't be downgraded; restore a backup into the older version instead", *lines
        )
    fetched = {name: known.runtime.fetch(known.facts) for name, known in sorted(hosts.items())}
    why = {**cluster_stack.restarts(hosts), **_replaced(cluster)}
    packages = [
        Turn(name, step, cluster.health_check())
        for name, known in sorted(hosts.items())
        for step in known.runtime.install(known.facts)
    ]
    nodes = rolling(cluster.view, cluster.wanted.cluster.replicas, why)
    ready = {
        name: [
            *fetched[name],
            *known.runtime.prepare(known.facts, sources(hosts, name), rolling=True),
        ]
        for name, known in hosts.items()
    }
    done = {name: cluster_stack.finish(hosts, name) for name in hosts}
    return Rollout(cluster.spec, [*packages, *nodes], cluster.health_check(), ready, done)


def _replaced(cluster: DeployedCluster) -> dict[Node, list[Step]]:
    """The nodes that run another version than their host has, or will have, and how they restart; a
    resumed run skips those that it restarted already.
    """
    found = {}
    for node, view in cluster.view.present.items():
        known = cluster.hosts[node.host]
        unit = known.runtime.layout.of_node(node.port).redis_unit
        if why := known.runtime.outdated(known.facts, view.version, unit):
            found[node] = known.runtime.restart(node, why)
    return found
