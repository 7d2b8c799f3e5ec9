"""What must hold before a cluster is changed, on all its hosts together. Pure."""

from collections.abc import Iterator, Mapping

from deploy.cluster import health
from deploy.cluster.formation import is_to_be_created
from deploy.cluster.nodes import ClusterError
from deploy.cluster.topology import Node
from deploy.layout import CLUSTER_ROLES
from deploy.rollouts.hosts import DeployedCluster, HostState, offline_members, view
from deploy.rollouts.inventory import ClusterInventory


def problems(wanted: ClusterInventory, hosts: Mapping[str, HostState]) -> list[str]:
    """Why the cluster can't be deployed, each with its cure. Empty: it can."""
    found = [*unfit(wanted, hosts), *_interrupted_rotation(hosts)]
    try:
        is_to_be_created(view(wanted, hosts), offline_members(hosts), wanted.shards)
    except ClusterError as error:
        found.append(str(error))
    return found


def unfit(wanted: ClusterInventory, hosts: Mapping[str, HostState]) -> list[str]:
    """What is wrong with the hosts themselves, whatever state the cluster is in."""
    found = [
        f"{name}: {problem}"
        for name, known in sorted(hosts.items())
        for problem in known.runtime.problems(known.facts)
    ]
    passwords = [*_different_passwords(hosts), *_wrong_passwords(hosts)]
    return [*found, *passwords, *_changed_tls(wanted, hosts)]


def require_healthy(
    cluster: DeployedCluster, nodes: list[Node] | None = None, *, replicas: int | None = None,
    open_slots: bool = False, gone: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    """Raises a ClusterError unless the nodes are healthy, and the hosts are fit for them."""
    view = cluster.view if nodes is None else cluster.view.only(nodes)
    wanted = cluster.wanted.cluster.replicas if replicas is None else replicas
    lines = health.problems(view, wanted, open_slots=open_slots, gone=gone or {})
    lines = [*unfit(cluster.wanted, cluster.hosts), *lines]
    if lines:
        raise ClusterError("the cluster isn't healthy; repair it first (deploy.stack)", *lines)


def _different_passwords(hosts: Mapping[str, HostState]) -> Iterator[str]:
    for role in CLUSTER_ROLES:
        having = {n: k.facts.secrets[role] for n, k in hosts.items() if role in k.facts.secrets}
        if len(set(having.values())) > 1:
            first = min(having)
            others = sorted(name for name, value in having.items() if value != having[first])
            path = hosts[first].runtime.secrets.files[role]
            yield (
                f"{', '.join(others)}: the password of {role} differs from the one on {first}; "
                f"remove {path} where it is wrong, and it will be copied"
            )


def _wrong_passwords(hosts: Mapping[str, HostState]) -> Iterator[str]:
    """Which restarting nodes that work would not cure."""
    for name, known in sorted(hosts.items()):
        path = known.runtime.secrets.files["admin"]
        for node in known.runtime.deaf(known.facts) if "admin" in known.facts.secrets else ():
            yield (
                f"{name}: node {node.port} is running, but doesn't answer its admin; put the right "
                f"password into {path}, or remove the file to have it copied from another host (if "
                "no host has it any more, there will be a new one); if the node hangs, restart it"
            )


def _interrupted_rotation(hosts: Mapping[str, HostState]) -> Iterator[str]:
    """Which passwords are valid is undecided, and only the rotation can tell."""
    for name, known in sorted(hosts.items()):
        if any(path in known.facts.paths for path in known.runtime.secrets.coming.values()):
            yield f"{name}: a password rotation was interrupted; run deploy.rotate_secrets"


def _changed_tls(wanted: ClusterInventory, hosts: Mapping[str, HostState]) -> Iterator[str]:
    """Nodes with TLS and without can't talk to each other: it can't be turned on node by node."""
    for name, known in sorted(hosts.items()):
        for server in known.runtime.servers:
            running = known.facts.of(server.spec.unit).redis
            now = running and running.config.get("tls-cluster") == "yes"
            if running and now != (wanted.stack.tls is not None):
                yield (
                    f"{name}: tls: node {server.spec.port} runs {'with' if now else 'without'} it, "
                    "and it can't change while the cluster is running; take a backup, and restore "
                    "it into a new cluster"
                )
