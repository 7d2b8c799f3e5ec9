"""Handovers and slots on their way, in real clusters of processes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest
from redis.cluster import RedisCluster

from deploy.cluster import slots
from deploy.cluster.handover import best_replica, hand_over
from deploy.cluster.health import problems
from deploy.cluster.nodes import ClusterError, wait_until_well
from deploy.cluster.state import SLOTS
from deploy.cluster.topology import Node
from tests.clusters import running
from tests.deploy.processes import Processes
from tests.servers import RedisServer, programs


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Processes]]:
    """Makes a cluster of each version, once."""
    found: dict[str, Processes] = {}
    directives = ("cluster-node-timeout 2000", "cluster-allow-replica-migration no")
    with ExitStack() as stack:

        def make(version: str) -> Processes:
            if version not in found:
                program = partial(RedisServer, programs()[version])
                folder = tmp_path_factory.mktemp("cluster")
                running_one = running(folder, program, *directives, replicas=1)
                found[version] = Processes(stack.enter_context(running_one))
            return found[version]

        yield make


@pytest.fixture(params=sorted(programs()))
def nodes(request: pytest.FixtureRequest, made: Callable[[str], Processes]) -> Processes:
    """A well cluster with some keys; where its slots are, is what a test left."""
    nodes = made(request.param)
    wait_until_well(nodes)
    with RedisCluster.from_url(nodes.cluster.url) as client:
        for number in range(300):
            client.set(f"key:{number}", number)
    nodes.told.clear()
    return nodes


def all_there(nodes: Processes) -> bool:
    with RedisCluster.from_url(nodes.cluster.url) as client:
        return all(client.get(f"key:{number}") == str(number).encode() for number in range(300))


def test_a_master_hands_over_and_follows(nodes: Processes) -> None:
    before = nodes.view()
    master = before.masters[0]
    heir = best_replica(before, master)

    assert hand_over(nodes, master) == heir

    after = nodes.view()
    assert after.master_of(master) == heir
    assert after[heir].slots == before[master].slots
    assert problems(after, 1) == []
    assert all_there(nodes)
    assert nodes.told == [f"{heir} has taken over from {master}"]


def test_a_replica_that_gave_up_is_asked_again(
    nodes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.cluster.handover._TRIES_S", 0.5)
    master = nodes.view().masters[0]
    asked = []

    def ask(node: Node, *command: str) -> str:
        """As Redis: OK, whatever comes of it; of the first there comes nothing."""
        if command != ("cluster", "failover"):
            return Processes.ask(nodes, node, *command)
        asked.append(node)
        return Processes.ask(nodes, node, *command) if len(asked) > 1 else "OK"

    monkeypatch.setattr(nodes, "ask", ask)
    heir = hand_over(nodes, master)

    assert asked == [heir] * 2
    assert nodes.view().master_of(master) == heir
    assert problems(nodes.view(), 1) == []


def test_a_shard_goes_back_and_forth_and_every_vote_is_given(
    nodes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def ask(node: Node, *command: str) -> str:
        if command == ("cluster", "failover"):
            asked.append(node)
        return Processes.ask(nodes, node, *command)

    monkeypatch.setattr(nodes, "ask", ask)
    master = nodes.view().masters[0]
    heir = best_replica(nodes.view(), master)
    for leaving in (master, heir, master):
        hand_over(nodes, leaving)

    assert asked == [heir, master, heir], "once each: no vote was refused"
    logs = [server.directory / "redis.log" for server in nodes.cluster.servers.values()]
    assert not any("Failover auth denied" in log.read_text() for log in logs)


def test_a_replica_has_nothing_to_hand_over(nodes: Processes) -> None:
    view = nodes.view()
    replica = view.replicas(view.masters[0])[0]

    assert hand_over(nodes, replica) is None
    assert nodes.view().masters == view.masters


def test_a_replica_without_its_link_is_never_made_the_master(nodes: Processes) -> None:
    view = nodes.view()
    master = view.masters[0]
    replica = view.replicas(master)[0]
    server = nodes.cluster.servers[replica.port]
    with server.client() as client:
        client.config_set("masterauth", "wrong")
        client.config_set("masteruser", "nobody")
        client.client_kill_filter(_type="master")
        with pytest.raises(ClusterError, match="no replica that could take over"):
            hand_over(nodes, master)
        client.config_set("masterauth", "")
        client.config_set("masteruser", "")

    assert master in nodes.view().masters


def test_a_silent_replica_is_never_made_the_master(nodes: Processes) -> None:
    view = nodes.view()
    master = view.masters[0]
    server = nodes.cluster.servers[view.replicas(master)[0].port]
    server.kill()

    with pytest.raises(ClusterError, match="no replica that could take over"):
        hand_over(nodes, master)

    assert master in nodes.view().masters
    server.start()


def test_slots_move_until_each_has_what_is_wanted(nodes: Processes) -> None:
    masters = nodes.view().masters
    have = slots.counts(nodes.view())
    want = {**have, masters[0]: have[masters[0]] - 1100, masters[1]: have[masters[1]] + 1100}

    assert slots.spread(nodes, want)

    assert slots.counts(nodes.view()) == want
    assert nodes.told == [
        f"{done} of 1100 slots moved ({part}%): 1100 slots {masters[0]} -> {masters[1]}"
        for done, part in ((1024, 93), (1100, 100))
    ]
    assert all_there(nodes)
    assert not slots.spread(nodes, want)


def test_a_move_that_was_cut_off_is_gone_on_with(nodes: Processes) -> None:
    view = nodes.view()
    source, target = view.masters[:2]
    with RedisCluster.from_url(nodes.cluster.url) as client:
        slot = next(s for s in map(client.keyslot, names()) if s in view[source].slots)
    nodes.ask(target, "cluster", "setslot", str(slot), "importing", view[source].id)
    nodes.ask(source, "cluster", "setslot", str(slot), "migrating", view[target].id)
    found = nodes.ask(source, "cluster", "getkeysinslot", str(slot), "1").strip()
    nodes.ask(source, "migrate", "127.0.0.1", str(target.port), found, "0", "5000")
    assert any("open slots" in line for line in problems(nodes.view(), 1))

    want = slots.even(slots.counts(view), view.masters)
    slots.spread(nodes, want)

    assert slots.counts(nodes.view()) == want
    assert problems(nodes.view(), 1) == []
    assert all_there(nodes)


def names() -> list[str]:
    return [f"key:{number}" for number in range(300)]


A, B, C, D = (Node(host, f"10.0.0.{number}", 7001) for number, host in enumerate("abcd", 1))
TABLE = [
    ({A: 5461, B: 5462, C: 5461}, [A, B, C], []),
    ({A: 16384, B: 0}, [A, B], ["8192 slots a:7001 -> b:7001"]),
    (
        {A: 5461, B: 5462, C: 5461, D: 0},
        [A, B, C, D],
        [
            "1365 slots a:7001 -> d:7001",
            "1366 slots b:7001 -> d:7001",
            "1365 slots c:7001 -> d:7001",
        ],
    ),
    (
        {A: 4096, B: 4096, C: 4096, D: 4096},
        [A, B, C],
        [
            "1366 slots d:7001 -> a:7001",
            "1365 slots d:7001 -> b:7001",
            "1365 slots d:7001 -> c:7001",
        ],
    ),
]


@pytest.mark.parametrize(("have", "masters", "wanted"), TABLE)
def test_as_few_slots_move_as_can_be(
    have: dict[Node, int], masters: list[Node], wanted: list[str]
) -> None:
    want = slots.even(have, masters)

    assert [str(move) for move in slots.moves(have, want)] == wanted
    assert sum(want.values()) == SLOTS
    assert max(want[node] for node in masters) - min(want[node] for node in masters) <= 1
