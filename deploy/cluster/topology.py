"""Which nodes a cluster has, and which of them form a shard. Pure: no I/O."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from deploy.settings import ClusterSettings

LEAST_SHARDS = 3
"""With fewer masters there is no majority when one of them dies."""


class TopologyError(ValueError):
    """The inventory's hosts can't form the cluster; the message names the field and the cure."""


@dataclass(frozen=True, order=True)
class Node:
    """One Redis of a cluster: its host's name in the inventory, the address at which other hosts
    reach it, the port for clients.
    """

    host: str
    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def endpoint(self) -> str:
        """Where others connect, as redis-cli and CLUSTER NODES write it."""
        return f"{self.address}:{self.port}"


@dataclass(frozen=True)
class Shard:
    """The nodes with the same slots."""

    master: Node
    replicas: tuple[Node, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All of them, the master first."""
        return (self.master, *self.replicas)


def nodes_of(members: Mapping[str, str], cluster: ClusterSettings) -> tuple[Node, ...]:
    """All nodes of the hosts (name -> address), in one order for every host of a run.

    Raises:
        TopologyError: two hosts have one address.
    """
    taken: dict[str, str] = {}
    for host, address in members.items():
        if address in taken:
            raise TopologyError(
                f"address: {taken[address]} and {host} both have {address}; give each host its own"
            )
        taken[address] = host
    return tuple(
        Node(host, address, port)
        for host, address in sorted(members.items())
        for port in cluster.ports
    )


def shape(nodes: Sequence[Node], replicas: int) -> tuple[Shard, ...]:
    """The shards that the nodes form: each spread over different hosts, the masters evenly.

    Raises:
        TopologyError: they can't.
    """
    size = replicas + 1
    shards = len(nodes) // size
    _check(nodes, size, shards)
    # Host by host, dealt out like cards: a host has no more nodes than there are shards, so that
    # two nodes of it never come to the same one.
    dealt = [tuple(sorted(nodes)[shard::shards]) for shard in range(shards)]
    return tuple(
        Shard(master, tuple(node for node in shard if node != master))
        for shard, master in zip(dealt, _masters(dealt), strict=True)
    )


def _check(nodes: Sequence[Node], size: int, shards: int) -> None:
    hosts = Counter(node.host for node in nodes)
    if size > len(hosts):
        raise TopologyError(
            f"cluster.replicas: a master and {size - 1} replicas need {size} hosts, and there are "
            f"{len(hosts)}; add hosts, or set it to {len(hosts) - 1} at most"
        )
    if len(nodes) % size:
        raise TopologyError(
            f"cluster.nodes: {len(nodes)} nodes can't form shards of {size} (a master and its "
            "replicas); change it, cluster.replicas or the number of hosts, so that they can"
        )
    if shards < LEAST_SHARDS:
        raise TopologyError(
            f"cluster.nodes: {len(nodes)} nodes form {shards} shards of {size}, and a cluster "
            f"needs {LEAST_SHARDS}; set it so that there are {LEAST_SHARDS * size} nodes, or add "
            "hosts"
        )
    host, most = hosts.most_common(1)[0]
    if most > shards:
        raise TopologyError(
            f"cluster.nodes: {host} has {most} nodes for {shards} shards, so that two nodes of one "
            "shard would be on it; spread the nodes over more hosts"
        )


def _masters(shards: Sequence[Sequence[Node]]) -> list[Node]:
    """A master for each shard, so that no host has many more of them than another."""
    chosen = [shard[0] for shard in shards]
    while shift := _better(shards, chosen):
        for index, node in shift.items():
            chosen[index] = node
    return chosen


def _better(shards: Sequence[Sequence[Node]], chosen: Sequence[Node]) -> dict[int, Node]:
    """Shards whose master moves so that the fullest host gives one up and no other gets as many;
    empty if there is no such way.
    """
    count = Counter(node.host for node in chosen)
    fullest, most = max(sorted(count.items()), key=lambda item: item[1])
    ways: dict[str, dict[int, Node]] = {fullest: {}}
    for host in (queue := [fullest]):
        for index, node in _alternatives(shards, chosen, host):
            if node.host not in ways:
                ways[node.host] = {**ways[host], index: node}
                if count[node.host] <= most - 2:
                    return ways[node.host]
                queue.append(node.host)
    return {}


def _alternatives(
    shards: Sequence[Sequence[Node]], chosen: Sequence[Node], host: str
) -> Iterable[tuple[int, Node]]:
    """The replicas that could be masters in place of a host's."""
    for index, shard in enumerate(shards):
        if chosen[index].host == host:
            yield from ((index, node) for node in shard if node.host != host)
