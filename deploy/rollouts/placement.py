"""Placement: which nodes are masters, and which replicate whom, with as few changes as possible.
Pure.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice

from deploy.cluster.nodes import ClusterError
from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Node, shape

_TRIED = 2_000
"""Choices of masters that are tried before giving up."""


def arrange(
    view: ClusterView, stay: Sequence[Node], replicas: int
) -> tuple[dict[Node, Node], dict[Node, Node]]:
    """For the nodes that stay: whose shard each master continues (its own, or that of a master that
    leaves), and whose replica each other node is. A shard's nodes are on different hosts, and a
    node keeps its role if it can.

    Raises:
        TopologyError: the nodes can't form shards.
        ClusterError: they can, but not starting from the current cluster.
    """
    shape(stay, replicas)
    count = len(stay) // (replicas + 1)
    for heads in islice(_choices(view, stay, count), _TRIED):
        followers = _follow(view, [n for n in stay if n not in heads], list(heads), replicas)
        if followers is not None:
            return heads, followers
    raise ClusterError(
        f"the cluster's {len(stay)} nodes can't be rearranged into {count} shards with replicas on "
        "other hosts; run deploy.rebalance first, or change the number of hosts"
    )


def _choices(view: ClusterView, stay: Sequence[Node], count: int) -> Iterator[dict[Node, Node]]:
    """Possible sets of masters, those that change least first."""
    on = Counter(node.host for node in view.masters if node in stay)
    serving = sorted(
        (node for node in view.masters if node in stay),
        key=lambda node: (-len(view[node].slots), on[node.host], node),
    )
    if len(serving) >= count:
        yield from ({node: node for node in some} for some in combinations(serving, count))
        return
    kept = {node: node for node in serving}
    leaving = [node for node in view.masters if node not in stay]
    successors = {
        replica: master
        for master in leaving
        for replica in view.replicas(master)
        if replica in stay
    }
    empty = sorted(
        (n for n in stay if view[n].is_master and n not in kept), key=lambda n: (on[n.host], n)
    )
    # A replica that takes over a shard moves no slots; so successors come first.
    ways = {**successors, **{node: node for node in _dealt(empty)}}
    for some in combinations(ways, count - len(kept)):
        shards = [ways[node] for node in some]
        if len(set(shards)) == len(shards):
            yield kept | {node: ways[node] for node in some}


def _dealt(nodes: Sequence[Node]) -> list[Node]:
    """The first node of each host, then the second of each, and so on."""
    seen: Counter[str] = Counter()
    places = {}
    for node in nodes:
        places[node] = seen[node.host]
        seen[node.host] += 1
    return sorted(nodes, key=lambda node: (places[node], nodes.index(node)))


def _follow(
    view: ClusterView, nodes: Sequence[Node], masters: Sequence[Node], replicas: int
) -> dict[Node, Node] | None:
    """The master of each node: its current one if possible; else others make room."""
    found: dict[Node, Node] = {}
    room = Counter(dict.fromkeys(masters, replicas))
    for node in nodes:
        master = view.master_of(node)
        if master and room[master] > 0 and master.host != node.host:
            found[node] = master
            room[master] -= 1
    for node in nodes:
        if node not in found and not _settle(node, masters, found, room, set()):
            return None
    return found


def _settle(
    node: Node, masters: Sequence[Node], found: dict[Node, Node], room: Counter[Node],
    tried: set[Node],
) -> bool:  # fmt: skip
    """Finds a master for a node; a full one may pass a replica on to another."""
    fit = [master for master in masters if master.host != node.host and master not in tried]
    for master in sorted(fit, key=lambda master: -room[master]):
        tried.add(master)
        if room[master] > 0:
            room[master] -= 1
            found[node] = master
            return True
        for other in [other for other, its in found.items() if its == master]:
            if _settle(other, masters, found, room, tried):
                found[node] = master
                return True
    return False


def balance_masters(
    masters: Sequence[Node], followers: Mapping[Node, Node]
) -> list[tuple[Node, Node]]:
    """Failovers (from, to) after which no host has two masters more than another that could have
    one of them.
    """
    hosts = Counter({node.host: 0 for node in (*masters, *followers)})
    hosts.update(node.host for node in masters)
    shards = {m: [n for n, its in followers.items() if its == m] for m in masters}
    found: list[tuple[Node, Node]] = []
    while True:
        ways = [
            (hosts[successor.host], successor, master)
            for master, successors in shards.items()
            for successor in successors
            if hosts[master.host] - hosts[successor.host] >= 2
        ]
        if not ways:
            return found
        _, successor, master = min(ways)
        hosts[master.host] -= 1
        hosts[successor.host] += 1
        del shards[master]
        found.append((master, successor))
