"""From what all hosts of a cluster are to what each of them has to do. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deploy.cluster.barrier import Barrier
from deploy.cluster.formation import Form, to_be_formed
from deploy.cluster.nodes import ClusterError, Nodes, wait
from deploy.cluster.state import ClusterView
from deploy.cluster.steps import Follow, OnCluster
from deploy.cluster.topology import Node
from deploy.facts.gather import Facts
from deploy.layout import CLUSTER_ROLES, Role
from deploy.rollouts.inventory import Hosts
from deploy.rollouts.placement import arrange
from deploy.rollouts.restart import rolling
from deploy.rollouts.turns import Turn, Well, in_turn
from deploy.runtimes.docker import Docker
from deploy.runtimes.linux import LinuxNative
from deploy.steps import Step


@dataclass(frozen=True)
class Known:
    """A host that was read: how it is deployed to, and what it is now."""

    runtime: LinuxNative | Docker
    facts: Facts


def problems(wanted: Hosts, hosts: Mapping[str, Known]) -> list[str]:
    """Why the cluster can't be put there, each with its cure. Empty: it can."""
    found = [*unfit(wanted, hosts), *_cut_off_rotation(hosts)]
    try:
        to_be_formed(view(wanted, hosts), remembering(hosts), wanted.shards)
    except ClusterError as error:
        found.append(str(error))
    return found


def unfit(wanted: Hosts, hosts: Mapping[str, Known]) -> list[str]:
    """What is wrong with the hosts themselves, whatever the cluster is."""
    found = [
        f"{name}: {problem}"
        for name, known in sorted(hosts.items())
        for problem in known.runtime.problems(known.facts)
    ]
    passwords = [*_different_passwords(hosts), *_wrong_passwords(hosts)]
    return [*found, *passwords, *_changed_tls(wanted, hosts)]


def plan(wanted: Hosts, hosts: Mapping[str, Known], host: str) -> list[Step]:
    """What one host does, in order. All hosts come to the steps that wait for each other. What a
    running node can't take on live, it takes on in its turn of a rolling restart.
    """
    known, site = hosts[host], wanted.site
    now = view(wanted, hosts)
    form = to_be_formed(now, remembering(hosts), wanted.shards)
    mine = site if host == site.first else None
    turns = [] if form else [*mended(wanted, now), *rolling(now, site.replicas, restarts(hosts))]
    return [
        *known.runtime.prepare(known.facts, sources(hosts, host), rolling=not form),
        Barrier("all nodes answer", mine, all_answer),
        *([OnCluster(Form(wanted.shards), site)] if form and mine else []),
        *in_turn(turns, site, host, Well(frozenset(wanted.nodes), site.replicas)),
        *finish(hosts, host),
    ]


def finish(hosts: Mapping[str, Known], host: str) -> list[Step]:
    """The service: started everywhere at once, restarted host by host."""
    steps = {name: known.runtime.finish(known.facts) for name, known in hosts.items()}
    if not any(getattr(step, "restart", False) for some in steps.values() for step in some):
        return steps[host]
    turns: list[Step] = []
    for name in sorted(hosts):
        turns.append(Barrier(f"the service of {name} has its turn"))
        turns += steps[name] if name == host else []
    return turns


def mended(wanted: Hosts, now: ClusterView) -> list[Turn]:
    """Nodes that lost their role follow a master again that has too few replicas. Slots stay where
    they are; with a node away, everybody waits for it.
    """
    if len(now.present) < len(wanted.nodes):
        return []
    try:
        heads, followers = arrange(now, wanted.nodes, wanted.cluster.replicas)
    except ClusterError:
        return []  # a person has to decide; the gate behind says what isn't well
    if set(heads) != set(now.masters):
        return []
    nodes = Well(frozenset(now.nodes), 0)
    return [
        Turn(node.host, Follow(node, master), nodes)
        for node, master in sorted(followers.items())
        if now.master_of(node) != master
    ]


def restarts(hosts: Mapping[str, Known]) -> dict[Node, list[Step]]:
    """The nodes that run and must restart for what is wanted, and how."""
    return {
        node: known.runtime.restart(node, why)
        for known in hosts.values()
        for node, why in known.runtime.restarts(known.facts).items()
    }


def view(wanted: Hosts, hosts: Mapping[str, Known]) -> ClusterView:
    """What all nodes said when the hosts were read."""
    return ClusterView({node: hosts[node.host].facts.nodes.get(node) for node in wanted.nodes})


def remembering(hosts: Mapping[str, Known]) -> set[Node]:
    """The nodes that don't answer, and have been in a cluster."""
    return {
        node
        for known in hosts.values()
        for node, view in known.facts.nodes.items()
        if view is None and known.runtime.state_file(node) in known.facts.paths
    }


def sources(hosts: Mapping[str, Known], host: str) -> dict[Role, str]:
    """From which other host this one copies a password that it lacks. Where none has it, the first
    makes it.
    """
    found: dict[Role, str] = {}
    for role in CLUSTER_ROLES:
        having = sorted(name for name, known in hosts.items() if role in known.facts.secrets)
        source = (having or sorted(hosts))[0]
        if source != host:
            found[role] = source
    return found


def _different_passwords(hosts: Mapping[str, Known]) -> Iterator[str]:
    for role in CLUSTER_ROLES:
        having = {n: k.facts.secrets[role] for n, k in hosts.items() if role in k.facts.secrets}
        if len(set(having.values())) > 1:
            first = min(having)
            others = sorted(name for name, value in having.items() if value != having[first])
            path = hosts[first].runtime.secrets.files[role]
            yield (
                f"{', '.join(others)}: the password of {role} is not the one of {first}; remove "
                f"{path} where it is wrong, and it is copied"
            )


def _wrong_passwords(hosts: Mapping[str, Known]) -> Iterator[str]:
    """Which would not be known better by restarting all that works."""
    for name, known in sorted(hosts.items()):
        path = known.runtime.secrets.files["admin"]
        for node in known.runtime.deaf(known.facts) if "admin" in known.facts.secrets else ():
            yield (
                f"{name}: node {node.port} runs and doesn't answer its admin; put the right "
                f"password into {path}, or remove the file to have it copied from another host; "
                "or restart the node if it hangs"
            )


def _cut_off_rotation(hosts: Mapping[str, Known]) -> Iterator[str]:
    """Which passwords are good is in the balance, and only the rotation knows."""
    for name, known in sorted(hosts.items()):
        if any(path in known.facts.paths for path in known.runtime.secrets.coming.values()):
            yield f"{name}: a rotation of passwords was cut off; run deploy.rotate_secrets"


def _changed_tls(wanted: Hosts, hosts: Mapping[str, Known]) -> Iterator[str]:
    """Nodes with TLS and without don't talk to each other: it can't be turned on one by one."""
    for name, known in sorted(hosts.items()):
        for server in known.runtime.servers:
            running = known.facts.of(server.seat.unit).redis
            now = running and running.config.get("tls-cluster") == "yes"
            if running and now != (wanted.stack.tls is not None):
                yield (
                    f"{name}: tls: node {server.seat.port} runs {'with' if now else 'without'} it, "
                    "and it can't change while the cluster works; take a backup, and restore it "
                    "into a new cluster"
                )


def all_answer(nodes: Nodes) -> None:
    """Waits until every node is up."""

    def silent(view: ClusterView) -> list[str]:
        return [f"{node} doesn't answer" for node, found in view.nodes.items() if found is None]

    wait(nodes, silent, "all nodes answer")
