"""The directives of redis.conf that a node of a cluster has in addition. Pure."""

from deploy.cluster.topology import Node
from deploy.directives import Certificates, Directive, tls_directives
from deploy.settings import BUS, ClusterSettings
from deploy.versions import Version

STATE_FILE = "nodes.conf"
"""A node's own record of its cluster, written by Redis to its data directory: never rendered."""

_PINGS = 20
"""Sent to each other node within the node timeout."""


def node_directives(
    cluster: ClusterSettings, node: Node, certificates: Certificates | None
) -> tuple[Directive, ...]:
    """The directives that make a server this node."""
    return (
        _restart("cluster-enabled", "yes", "a node of a cluster"),
        _restart("cluster-config-file", STATE_FILE, "the node's record of the cluster"),
        _live(
            "cluster-node-timeout",
            str(cluster.node_timeout_ms),
            "a node that is silent for longer has failed",
        ),
        _live(
            "cluster-ping-interval",
            str(cluster.node_timeout_ms // _PINGS),
            "the timeout starts at an unanswered ping; by default one is sent every half timeout",
            since=(7, 2),
        ),
        _live("cluster-require-full-coverage", "no", "the other shards keep serving their minds"),
        _live(
            "cluster-allow-replica-migration",
            "no",
            "the deployment assigns replicas to masters",
        ),
        _live("cluster-announce-ip", node.address, "nodes.conf never keeps an outdated address"),
        _live("cluster-announce-bus-port", str(node.port + BUS), "the port of the cluster bus"),
        *(_tls(node, certificates) if certificates else _plain(node)),
        _live("masteruser", "replica", "the user that a replica logs in as at its master"),
        _live(
            "repl-diskless-sync-delay",
            "0",
            "replicas come back one at a time: no need to wait for more",
        ),
    )


def _plain(node: Node) -> tuple[Directive, ...]:
    return (_live("cluster-announce-port", str(node.port), "where clients connect"),)


def _tls(node: Node, certificates: Certificates) -> tuple[Directive, ...]:
    return (
        *tls_directives(node.port, certificates),
        _live("cluster-announce-tls-port", str(node.port), "where clients connect"),
        _restart("tls-replication", "yes", "TLS for replicas"),
        _restart("tls-cluster", "yes", "TLS for the cluster bus"),
    )


def _live(name: str, value: str, reason: str, since: Version = (0, 0)) -> Directive:
    return Directive(name, value, True, reason, since)


def _restart(name: str, value: str, reason: str) -> Directive:
    return Directive(name, value, False, reason)
