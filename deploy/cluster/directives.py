"""What a node of a cluster is told beside what any Redis is told. Pure."""

from dataclasses import dataclass

from deploy.cluster.topology import Node
from deploy.directives import Directive
from deploy.settings import BUS, ClusterSettings
from deploy.versions import Version

STATE_FILE = "nodes.conf"
"""What a node remembers of its cluster. Redis's own, in its data directory: never rendered."""

_PINGS = 20
"""To each other node, while one that is silent has not yet failed."""


@dataclass(frozen=True)
class Certificates:
    """Paths of a host's certificate with its key, and of whom it trusts, as Redis sees them."""

    own: str
    ca: str


def node_directives(
    cluster: ClusterSettings, node: Node, certificates: Certificates | None
) -> tuple[Directive, ...]:
    """The lines of redis.conf that make a server this node."""
    return (
        _restart("cluster-enabled", "yes", "one of many"),
        _restart("cluster-config-file", STATE_FILE, "the node's own memory, beside its data"),
        _live("cluster-node-timeout", str(cluster.node_timeout_ms), "then a silent node failed"),
        _live(
            "cluster-ping-interval",
            str(cluster.node_timeout_ms // _PINGS),
            "the timeout runs from a ping without answer; Redis alone sends one in half of it",
            since=(7, 2),
        ),
        _live("cluster-require-full-coverage", "no", "the other shards' minds go on"),
        _live("cluster-allow-replica-migration", "no", "who is whose replica, the plan says"),
        _live("cluster-announce-ip", node.address, "never a stale one in nodes.conf"),
        _live("cluster-announce-bus-port", str(node.port + BUS), "where the bus is"),
        *(_tls(node, certificates) if certificates else _plain(node)),
        _live("masteruser", "replica", "whom a replica is to its master"),
        _live("repl-diskless-sync-delay", "0", "rollouts bring back one: nobody to await"),
    )


def _plain(node: Node) -> tuple[Directive, ...]:
    return (_live("cluster-announce-port", str(node.port), "where clients connect"),)


def _tls(node: Node, certificates: Certificates) -> tuple[Directive, ...]:
    return (
        _restart("tls-port", str(node.port), "where clients connect, and with TLS only"),
        _live("cluster-announce-tls-port", str(node.port), "where clients connect"),
        _live("tls-cert-file", certificates.own, "named by its content: a new one is seen"),
        _live("tls-key-file", certificates.own, "in the same file, so that both change at once"),
        _live("tls-ca-cert-file", certificates.ca, "whom nodes and clients trust"),
        _live("tls-auth-clients", "no", "clients show a password, nodes a certificate"),
        _restart("tls-replication", "yes", "replicas"),
        _restart("tls-cluster", "yes", "the bus"),
    )


def _live(name: str, value: str, reason: str, since: Version = (0, 0)) -> Directive:
    return Directive(name, value, True, reason, since)


def _restart(name: str, value: str, reason: str) -> Directive:
    return Directive(name, value, False, reason)
