"""`deploy.replace_node`: a new host takes the place of one that died. Pure."""

from deploy.cluster.nodes import ClusterError
from deploy.cluster.state import SLOTS
from deploy.cluster.steps import Forget
from deploy.rollouts.cluster_preflight import require_healthy
from deploy.rollouts.hosts import DeployedCluster
from deploy.rollouts.reshape import reshape
from deploy.rollouts.rollout import Rollout
from deploy.rollouts.turns import Turn


def replace_node(cluster: DeployedCluster, host: str) -> Rollout:
    """A dead host's nodes are forgotten; a new host's take their place."""
    view = cluster.view
    address = cluster.wanted.addresses.get(host, host)
    # If a new node uses the dead one's address, Redis has taken that from the dead one.
    dead = {
        m.id: m
        for m in view.unknown_members()
        if m.endpoint.rpartition(":")[0] == address or "noaddr" in m.flags
    }
    if alive := [m.endpoint for m in dead.values() if not m.lost]:
        raise ClusterError(f"{', '.join(alive)}: still alive; run deploy.remove_node instead")
    if not dead and not cluster.new:
        raise ClusterError(
            f"host: no node at {host!r} is missing, and the inventory has no new host; give the "
            "address of the dead host, remove it from the inventory and add a new one"
        )
    joined = [node for node in view.nodes if node not in cluster.new]
    served = frozenset[int]().union(*(view[master].slots for master in view.masters))
    if len(served) < SLOTS:
        raise ClusterError(
            f"{SLOTS - len(served)} slots were lost with the host; run deploy.restore"
        )
    require_healthy(cluster, joined, replicas=0, open_slots=True, gone=dead)
    known = view.masters[0]
    forgotten = [
        Turn(known.host, Forget(m.id, f"{m.endpoint}, which is dead"), None) for m in dead.values()
    ]
    return reshape(cluster, list(view.nodes), first=forgotten, joining=True, lost_node=True)
