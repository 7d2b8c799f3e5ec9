"""The plan of `deploy.stack` for a cluster: what each of its hosts has to do. Pure."""

from collections.abc import Mapping

from deploy.cluster.barrier import Barrier
from deploy.cluster.formation import CreateCluster, is_to_be_created
from deploy.cluster.nodes import CURE, ClusterError, Nodes, wait
from deploy.cluster.state import ClusterView
from deploy.cluster.steps import OnCluster, Replicate
from deploy.cluster.topology import Node
from deploy.rollouts.hosts import HostState, offline_members, sources, view
from deploy.rollouts.inventory import ClusterInventory
from deploy.rollouts.placement import arrange
from deploy.rollouts.rolling_restart import rolling
from deploy.rollouts.turns import HealthCheck, Turn, in_turn
from deploy.steps import RewriteLog, Step


def plan(wanted: ClusterInventory, hosts: Mapping[str, HostState], host: str) -> list[Step]:
    """What one host does, in order. All hosts pass the same barriers. What a running node can't
    apply live, it applies in its turn of a rolling restart.
    """
    known, spec = hosts[host], wanted.spec
    now = view(wanted, hosts)
    creating = is_to_be_created(now, offline_members(hosts), wanted.shards)
    mine = spec if host == spec.first else None
    turns: list[Turn] = []
    again = locked_out(hosts)
    if not creating:
        turns = [*reattached(wanted, now), *rolling(now, spec.replicas, restarts(hosts) | again)]
    return [
        *known.runtime.prepare(known.facts, sources(hosts, host), rolling=not creating),
        *([] if again else [Barrier("all nodes answer", mine, all_answer)]),
        *([OnCluster(CreateCluster(wanted.shards), spec)] if creating and mine else []),
        *in_turn(turns, spec, host, HealthCheck(frozenset(wanted.nodes), spec.replicas)),
        *finish(hosts, host),
    ]


def finish(hosts: Mapping[str, HostState], host: str) -> list[Step]:
    """The service: started on all hosts at once, restarted host by host."""
    steps = {name: known.runtime.finish(known.facts) for name, known in hosts.items()}
    if not any(getattr(step, "restart", False) for some in steps.values() for step in some):
        return steps[host]
    turns: list[Step] = []
    for name in sorted(hosts):
        turns.append(Barrier(f"it is the turn of the service on {name}"))
        turns += steps[name] if name == host else []
    return turns


def reattached(wanted: ClusterInventory, now: ClusterView) -> list[Turn]:
    """Nodes that have lost their role replicate a master again that has too few replicas. Slots
    stay where they are; while a node is missing, nothing is done.
    """
    if len(now.present) < len(wanted.nodes):
        return []
    try:
        heads, followers = arrange(now, wanted.nodes, wanted.cluster.replicas)
    except ClusterError:
        return []  # the operator has to decide; the next gate says what isn't healthy
    if set(heads) != set(now.masters):
        return []
    nodes = HealthCheck(frozenset(now.nodes), 0)
    return [
        Turn(node.host, Replicate(node, master), nodes)
        for node, master in sorted(followers.items())
        if now.master_of(node) != master
    ]


def restarts(hosts: Mapping[str, HostState]) -> dict[Node, list[Step]]:
    """The running nodes that must restart for what the inventory wants, and how."""
    return {
        node: known.runtime.restart(node, why)
        for known in hosts.values()
        for node, why in known.runtime.restarts(known.facts).items()
    }


def locked_out(hosts: Mapping[str, HostState]) -> dict[Node, list[Step]]:
    """The running nodes that no password lets in any more, for no host has the admin's: how they
    restart, with the new one. Nobody can ask them to rewrite their log before.
    """
    if any("admin" in known.facts.secrets for known in hosts.values()):
        return {}
    why = "the password of admin was lost"
    return {
        node: [s for s in known.runtime.restart(node, why) if not isinstance(s, RewriteLog)]
        for known in hosts.values()
        for node in known.runtime.deaf(known.facts)
    }


def all_answer(nodes: Nodes) -> None:
    """Waits until every node answers."""

    def unresponsive(view: ClusterView) -> list[str]:
        return [f"{node} doesn't answer" for node, found in view.nodes.items() if found is None]

    wait(nodes, unresponsive, "the nodes did not all answer", CURE)
