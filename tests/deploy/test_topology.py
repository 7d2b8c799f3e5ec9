"""Shards from hosts: all on hosts of their own, masters spread evenly, or a clear refusal."""

from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deploy.cluster.topology import Node, Shard, TopologyError, nodes_of, shape
from deploy.settings import ClusterSettings


def hosts(count: int) -> dict[str, str]:
    return {f"n{number}": f"10.0.0.{number}" for number in range(1, count + 1)}


def test_three_hosts_of_two_nodes() -> None:
    shards = shape(nodes_of(hosts(3), ClusterSettings()), 1)

    assert [(str(shard.master), *map(str, shard.replicas)) for shard in shards] == [
        ("n1:7001", "n2:7002"),
        ("n3:7001", "n1:7002"),
        ("n2:7001", "n3:7002"),
    ]


def test_a_node_says_who_it_is() -> None:
    assert nodes_of({"b": "10.0.0.2", "a": "10.0.0.1"}, ClusterSettings(nodes=1, port=7100)) == (
        Node("a", "10.0.0.1", 7100),
        Node("b", "10.0.0.2", 7100),
    )
    assert str(Node("a", "10.0.0.1", 7100)) == "a:7100"
    assert Node("a", "10.0.0.1", 7100).endpoint == "10.0.0.1:7100"


REFUSED = [
    (1, 6, 1, "cluster.replicas: a master and 1 replicas need 2 hosts, and there are 1; add"),
    (2, 3, 2, "cluster.replicas: a master and 2 replicas need 3 hosts"),
    (4, 2, 2, "cluster.nodes: 8 nodes can't form shards of 3"),
    (2, 2, 1, "cluster.nodes: 4 nodes form 2 shards of 2, and a cluster needs 3"),
    (3, 1, 1, "cluster.nodes: 3 nodes can't form shards of 2"),
]


@pytest.mark.parametrize(("count", "nodes", "replicas", "said"), REFUSED)
def test_what_makes_no_cluster(count: int, nodes: int, replicas: int, said: str) -> None:
    with pytest.raises(TopologyError) as error:
        shape(nodes_of(hosts(count), ClusterSettings(nodes=nodes)), replicas)

    assert str(error.value).startswith(said)


def test_a_host_with_more_nodes_than_shards() -> None:
    crowd = [Node("a", "10.0.0.1", port) for port in range(4)]

    with pytest.raises(TopologyError, match=r"^cluster\.nodes: a has 4 nodes for 3 shards"):
        shape([*crowd, Node("b", "10.0.0.2", 1), Node("c", "10.0.0.3", 1)], 1)


def test_two_hosts_with_one_address() -> None:
    with pytest.raises(TopologyError, match=r"^address: a and b both have 10\.0\.0\.1"):
        nodes_of({"a": "10.0.0.1", "b": "10.0.0.1"}, ClusterSettings())


@given(count=st.integers(1, 12), nodes=st.integers(1, 8), replicas=st.integers(0, 4))
def test_every_shape_is_sound(count: int, nodes: int, replicas: int) -> None:
    everybody = nodes_of(hosts(count), ClusterSettings(nodes=nodes))
    size = replicas + 1
    possible = count >= size and count * nodes % size == 0 and count * nodes // size >= 3
    if not possible:
        with pytest.raises(TopologyError):
            shape(everybody, replicas)
        return

    shards = shape(everybody, replicas)

    _is_sound(shards, everybody, size)
    masters = Counter(shard.master.host for shard in shards)
    assert max(masters.values()) <= -(-len(shards) // count)
    assert len(masters) == min(len(shards), count)


@given(counts=st.lists(st.integers(1, 6), min_size=1, max_size=8), replicas=st.integers(0, 3))
def test_hosts_with_different_numbers_of_nodes(counts: list[int], replicas: int) -> None:
    everybody = [
        Node(f"h{host}", f"10.0.0.{host}", port)
        for host, count in enumerate(counts)
        for port in range(count)
    ]
    shards, left = divmod(len(everybody), replicas + 1)
    assume(not left and shards >= 3 and max(counts) <= shards and len(counts) > replicas)

    _is_sound(shape(everybody, replicas), everybody, replicas + 1)


def _is_sound(
    shards: tuple[Shard, ...], everybody: tuple[Node, ...] | list[Node], size: int
) -> None:
    """Every node in one shard, and no two of a shard on one host."""
    assert sorted(node for shard in shards for node in shard.nodes) == sorted(everybody)
    for shard in shards:
        assert len({node.host for node in shard.nodes}) == size
