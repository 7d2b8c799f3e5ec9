"""A rolling restart: Redis nodes restart one after the other, and clients don't notice. Pure."""

from collections.abc import Mapping, Sequence

from deploy.cluster.state import ClusterView
from deploy.cluster.steps import DisconnectClients, FailOver
from deploy.cluster.topology import Node
from deploy.rollouts.turns import HealthCheck, Turn
from deploy.steps import Step


def rolling(
    view: ClusterView, replicas: int, restarts: Mapping[Node, Sequence[Step]]
) -> list[Turn]:
    """Turns in which these nodes restart, by these steps: replicas before masters, and a master
    only once a replica has taken over. Each begins with a healthy cluster, so if a node doesn't
    come back, no other follows. Those that don't answer come first: they keep the others waiting.
    """
    healthy = HealthCheck(frozenset(view.nodes), replicas)
    unresponsive = [node for node in sorted(restarts) if view.nodes[node] is None]
    replica = [n for n in sorted(restarts) if n not in unresponsive and not view[n].is_master]
    masters = [node for node in sorted(restarts) if node not in (*unresponsive, *replica)]
    turns = [Turn(node.host, step, None) for node in unresponsive for step in restarts[node]]
    for node in (*replica, *masters):
        log, *restarting = restarts[node]
        stopping = (log, FailOver(node), DisconnectClients(node))
        turns += [Turn(node.host, step, healthy) for step in stopping]
        turns += [Turn(node.host, step, None) for step in restarting]
    return turns
