"""All Redis nodes restart one after the other, and nobody notices. Pure."""

from collections.abc import Mapping, Sequence

from deploy.cluster.sequence import Turn, Well
from deploy.cluster.state import ClusterView
from deploy.cluster.steps import HandOver
from deploy.cluster.topology import Node
from deploy.steps import Step


def rolling(
    view: ClusterView, replicas: int, restarts: Mapping[Node, Sequence[Step]]
) -> list[Turn]:
    """Turns in which these nodes restart, by these steps: replicas before masters, and a master
    only once a replica has taken over. Each begins with the cluster well, so that one that doesn't
    come back is the last.
    """
    well = Well(frozenset(view.nodes), replicas)
    masters = [node for node in sorted(restarts) if view[node].is_master]
    others = [node for node in sorted(restarts) if not view[node].is_master]
    turns = []
    for node in [*others, *masters]:
        turns.append(Turn(node.host, HandOver(node), well))
        turns += [
            Turn(node.host, step, None if number else well)
            for number, step in enumerate(restarts[node])
        ]
    return turns
