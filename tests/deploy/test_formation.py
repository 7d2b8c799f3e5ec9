"""A cluster is made of new nodes, once; a half-made one is gone on with, another left alone."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.cluster.formation import CreateCluster, is_to_be_created
from deploy.cluster.health import problems
from deploy.cluster.nodes import ClusterError
from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Shard, shape
from tests.clusters import Cluster, free_port
from tests.deploy.processes import Processes
from tests.servers import RedisServer, programs


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Processes]:
    """Six new nodes, two a host, that don't know each other."""
    program = programs()["8.2"]

    def make(port: int) -> RedisServer:
        (own := tmp_path / str(port)).mkdir()
        directives = (f"port {port}", "bind 127.0.0.1", "cluster-enabled yes")
        return RedisServer(program, own, *directives, "repl-diskless-sync-delay 0")

    with ExitStack() as stack:
        servers: dict[int, RedisServer] = {}
        for _ in range(6):
            port = free_port()
            servers[port] = make(port).start()
            stack.callback(servers[port].stop)
        hosts = {port: f"n{number // 2}" for number, port in enumerate(servers)}
        yield Processes(Cluster(servers, make, "redis"), hosts=hosts)


def shards_of(nodes: Processes) -> tuple[Shard, ...]:
    return shape(list(nodes.spec.nodes), 1)


def test_new_nodes_become_the_cluster_and_are_left_alone_then(nodes: Processes) -> None:
    shards = shards_of(nodes)
    assert is_to_be_created(nodes.view(), (), shards)

    assert CreateCluster(shards).carry_out(nodes)

    view = nodes.view()
    assert problems(view, 1) == []
    assert {master: view.replicas(master) for master in view.masters} == {
        shard.master: list(shard.replicas) for shard in shards
    }
    assert not is_to_be_created(view, (), shards)
    assert not CreateCluster(shards).carry_out(nodes)


def test_an_interrupted_creation_is_resumed(nodes: Processes) -> None:
    shards = shards_of(nodes)
    first, second = shards[0].master, shards[1].master
    nodes.ask(first, "cluster", "addslotsrange", "0", "99")
    nodes.ask(first, "cluster", "meet", second.address, str(second.port))

    assert CreateCluster(shards).carry_out(nodes)

    assert problems(nodes.view(), 1) == []


def test_nodes_that_hold_something_are_never_made_a_cluster_of(nodes: Processes) -> None:
    shards = shards_of(nodes)
    foreign = shards[0].replicas[0]
    nodes.ask(foreign, "cluster", "addslotsrange", "0", "16383")

    with pytest.raises(ClusterError) as refused:
        CreateCluster(shards).carry_out(nodes)

    said = str(refused.value)
    assert f"{shards[1].master} is new and empty, and not in the cluster yet; add it" in said
    assert f"slots 0-5460: master {shards[0].master}, replica {foreign}" in said
    assert not nodes.view()[shards[1].master].slots


def test_a_cluster_that_lost_a_node_for_a_while_is_not_made_anew(nodes: Processes) -> None:
    shards = shards_of(nodes)
    CreateCluster(shards).carry_out(nodes)
    gone = shards[0].master
    found = dict(nodes.view().nodes) | {gone: None}

    assert not is_to_be_created(ClusterView(found), {gone}, shards)
    with pytest.raises(ClusterError, match=f"{gone} is new and empty, and not in the cluster yet"):
        is_to_be_created(ClusterView(found), (), shards)


def test_a_member_that_the_inventory_does_not_know(nodes: Processes) -> None:
    CreateCluster(shards_of(nodes)).carry_out(nodes)
    host = next(iter(nodes.hosts.values()))
    some = {node: view for node, view in nodes.view().nodes.items() if node.host != host}
    three = tuple(Shard(node, ()) for node in some)

    with pytest.raises(
        ClusterError, match=r"a member of the cluster, but not in the inventory; add"
    ):
        is_to_be_created(ClusterView(some), (), three)
