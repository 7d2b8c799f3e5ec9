"""Nodes that join, leave and are replaced: the plan in tables, and carried out in real clusters."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.cluster.health import problems
from deploy.cluster.nodes import ClusterError, wait
from deploy.cluster.state import SLOTS, ClusterView
from deploy.cluster.steps import ClusterStep
from deploy.cluster.topology import TopologyError
from deploy.rollouts.placement import arrange, balance_masters
from deploy.rollouts.reshape import Reshape
from deploy.rollouts.turns import Turn
from tests.clusters import free_port, running
from tests.deploy.processes import Processes
from tests.deploy.views import Said, four, node, said, six, view
from tests.servers import RedisServer, programs

pytestmark = pytest.mark.slow


def new(name: str) -> Said:
    return said(name, db0="")


def grown(*more: Said) -> ClusterView:
    """Three hosts as they are, and nodes that know nobody."""
    there = view(six())
    alone = {one.node: view([one]).nodes[one.node] for one in more}
    return ClusterView({**there.nodes, **alone})


def plan(found: ClusterView, stay: list[str] | None = None) -> list[str]:
    nodes = list(found.nodes) if stay is None else [node(name) for name in stay]
    return [str(turn.step) for turn in Reshape(found, nodes, 1).turns()]


def test_what_is_as_it_should_be_stays() -> None:
    assert plan(view(six())) == []


def test_a_host_is_added() -> None:
    assert plan(grown(new("d:7001"), new("d:7002"))) == [
        "d:7001 joins the cluster",
        "d:7002 joins the cluster",
        "d:7002 becomes a replica of b:7001",
        "c:7002 becomes a replica of d:7001",
        "move slots: 1365 slots a:7001 -> d:7001, 1366 slots b:7001 -> d:7001, "
        "1365 slots c:7001 -> d:7001",
    ]


def test_nothing_moves_before_all_is_healthy() -> None:
    found = grown(new("d:7001"), new("d:7002"))

    assert all(turn.requires for turn in Reshape(found, list(found.nodes), 1).turns())


STAY = ["a:7001", "a:7002", "b:7001", "b:7002", "c:7001", "c:7002"]


def test_a_host_is_removed() -> None:
    assert plan(view(four()), STAY) == [
        "move slots: 1366 slots d:7001 -> a:7001, 1365 slots d:7001 -> b:7001, "
        "1365 slots d:7001 -> c:7001",
        "a:7002 becomes a replica of c:7001",
        "all nodes forget d:7001",
        "all nodes forget d:7002",
        "reset d:7001: it forgets the cluster",
        "reset d:7002: it forgets the cluster",
    ]


def test_a_host_of_masters_only_hands_one_over() -> None:
    swapped = four(said("d:7002", "8192-12287"), said("c:7001", master="d:7002"))

    steps = plan(view(swapped), STAY)

    assert steps[0] == "fail over from d:7001 to a:7002, if it is a master by then"
    assert "d:7002 -> " in steps[1]


def test_a_host_of_replicas_only_takes_a_master_from_another() -> None:
    swapped = four(said("a:7002", "12288-16383"), said("d:7001", master="a:7002"))

    steps = plan(view(swapped), STAY)

    assert "4096 slots" not in steps[0]
    assert steps[0].startswith("move slots: ")
    assert steps[1] == "a:7002 becomes a replica of c:7001"


def test_a_shape_that_cannot_be_is_refused() -> None:
    with pytest.raises(TopologyError, match=r"cluster\.nodes: 4 nodes form 2 shards"):
        plan(view(six()), ["a:7001", "a:7002", "b:7001", "b:7002"])
    one = said("a:7001", "0-16383")
    names = ("b:7001", "b:7002", "c:7001", "c:7002", "d:7001")
    with pytest.raises(ClusterError, match="can't be rearranged into 3 shards"):
        plan(view([one, *(said(name, master="a:7001") for name in names)]))


def test_masters_are_balanced_where_their_replicas_allow_it() -> None:
    a, b, c = node("a:7001"), node("a:7002"), node("b:7001")

    assert balance_masters([a, b], {c: b}) == [(b, c)]
    assert balance_masters([a, c], {node("b:7002"): a}) == []
    assert balance_masters([a], {c: a}) == []


def test_many_shapes_keep_shards_apart() -> None:
    for more in ("d", "de", "def"):
        extra = [new(f"{host}:{port}") for host in more for port in (7001, 7002)]
        found = grown(*extra)
        heads, followers = arrange(found, list(found.nodes), 1)
        assert len(heads) == 3 + len(more)
        assert Counter(followers.values()) == Counter(list(heads))
        assert all(master.host != replica.host for replica, master in followers.items())


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Processes]:
    """Three hosts of two nodes, as real processes of the newest Redis that is here."""
    program = programs()[max(programs())]

    def make(directory: Path, *directives: str) -> RedisServer:
        return RedisServer(program, directory, *directives)

    directives = ("cluster-node-timeout 2000", "cluster-allow-replica-migration no")
    with running(tmp_path, make, *directives, replicas=1) as cluster:
        ports = list(cluster.servers)
        hosts = {port: "abc"[(n + n // 3) % 3] for n, port in enumerate(ports)}
        yield Processes(cluster, hosts=hosts, timeout_s=30)


def carry_out(nodes: Processes, turns: list[Turn]) -> None:
    for turn in turns:
        if turn.requires is not None:
            wait(nodes, turn.requires.problems, str(turn))
        assert isinstance(turn.step, ClusterStep)
        turn.step.carry_out(nodes)


def start(nodes: Processes, host: str) -> None:
    """A new host of two nodes that know nobody."""
    for port in (free_port(), free_port()):
        nodes.hosts[port] = host
        nodes.cluster.servers[port] = nodes.cluster.make(port).start()


def leave_open(nodes: Processes) -> None:
    """A slot on its way from one master to another, as when a move is interrupted."""
    view = nodes.view()
    source, target = view.masters[:2]
    slot = str(min(view[source].slots))
    nodes.ask(target, "cluster", "setslot", slot, "importing", view[source].id)
    nodes.ask(source, "cluster", "setslot", slot, "migrating", view[target].id)


def names() -> dict[str, bytes]:
    return {f"key:{number}": str(number).encode() for number in range(500)}


def test_hosts_come_go_and_are_replaced_and_nothing_is_lost(nodes: Processes) -> None:
    with nodes.cluster.client() as client:
        for name, value in names().items():
            client.set(name, value)
    old = list(nodes.spec.nodes)

    start(nodes, "d")
    leave_open(nodes)
    turns = Reshape(nodes.view(), list(nodes.spec.nodes), 1).turns()
    assert "close the slots" in str(turns[0])
    carry_out(nodes, turns)
    grown = nodes.view()
    assert problems(grown, 1) == []
    assert [len(grown[master].slots) for master in grown.masters] == [SLOTS // 4] * 4
    assert Reshape(grown, list(nodes.spec.nodes), 1).turns() == []

    carry_out(nodes, Reshape(nodes.view(), old, 1).turns())
    shrunk = nodes.view()
    assert problems(shrunk.only(old), 1) == []
    assert all(found.is_new for each, found in shrunk.present.items() if each.host == "d")
    assert len(shrunk.only(old).masters) == 3

    with nodes.cluster.client() as client:
        assert {name: client.get(name) for name in names()} == names()
