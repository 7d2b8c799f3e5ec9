"""Another version of Redis or of the service, node by node. Pure."""

from deploy.cluster.nodes import ClusterError
from deploy.cluster.sequence import Turn
from deploy.cluster.topology import Node
from deploy.rollouts import converge
from deploy.rollouts.restart import rolling
from deploy.rollouts.verbs import Cluster, Rollout, is_well
from deploy.steps import Step


def upgrade(cluster: Cluster) -> Rollout:
    """Packages or images first, beside what runs; then node by node, replicas before masters; then
    the service, host by host. Never to an older Redis, which could not read the data.
    """
    is_well(cluster)
    hosts = cluster.hosts
    lines = [line for known in hosts.values() for line in known.runtime.downgrades(known.facts)]
    if lines:
        raise ClusterError(
            "Redis can't go back to an older version; restore a backup there", *lines
        )
    fetched = {name: known.runtime.fetch(known.facts) for name, known in sorted(hosts.items())}
    why = {**converge.restarts(hosts), **_replaced(cluster)}
    packages = [
        Turn(name, step, cluster.well())
        for name, known in sorted(hosts.items())
        for step in known.runtime.install(known.facts)
    ]
    nodes = rolling(cluster.view, cluster.wanted.cluster.replicas, why)
    ready = {
        name: [
            *fetched[name],
            *known.runtime.prepare(known.facts, converge.sources(hosts, name), rolling=True),
        ]
        for name, known in hosts.items()
    }
    done = {name: converge.finish(hosts, name) for name in hosts}
    return Rollout(cluster.site, [*packages, *nodes], cluster.well(), ready, done)


def _replaced(cluster: Cluster) -> dict[Node, list[Step]]:
    """The nodes whose program isn't the one that the host has, or will have, and how they restart;
    what was restarted before it was cut off is left.
    """
    found = {}
    for node, view in cluster.view.present.items():
        known = cluster.hosts[node.host]
        if why := known.runtime.outdated(known.facts, view.version):
            found[node] = known.runtime.restart(node, why)
    return found
