"""Handovers and slots on their way, in real clusters of processes."""

from asyncio import to_thread
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count, islice
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from redis.cluster import RedisCluster
from redis.crc import key_slot

from deploy.cluster import slots
from deploy.cluster.failover import best_replica, disconnect_clients, fail_over
from deploy.cluster.health import problems
from deploy.cluster.nodes import ClusterError, Nodes, wait_until_healthy
from deploy.cluster.open_slots import close_open
from deploy.cluster.slot_migration import move_slots
from deploy.cluster.state import SLOTS
from deploy.cluster.topology import Node
from tests.clusters import running
from tests.deploy.processes import Processes
from tests.servers import RedisServer, programs
from thoughtstream import Mind, keys
from thoughtstream.config import RedisConfig, Settings


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Processes]]:
    """Makes a cluster of each version, once."""
    found: dict[str, Processes] = {}
    directives = (
        "cluster-node-timeout 2000", "cluster-allow-replica-migration no",
        "cluster-require-full-coverage no",
    )  # fmt: skip
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
def nodes(
    request: pytest.FixtureRequest,
    made: Callable[[str], Processes],
    monkeypatch: pytest.MonkeyPatch,
) -> Processes:
    """A well cluster with some keys; where its slots are, is what a test left."""
    monkeypatch.setattr("deploy.cluster.open_slots._STILL_S", 0.3)
    nodes = made(request.param)
    wait_until_healthy(nodes)
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
    successor = best_replica(before, master)

    assert fail_over(nodes, master) == successor

    after = nodes.view()
    assert after.master_of(master) == successor
    assert after[successor].slots == before[master].slots
    assert problems(after, 1) == []
    assert all_there(nodes)
    assert nodes.told == [f"{successor} has taken over from {master}"]


def test_a_replica_that_gave_up_is_asked_again(
    nodes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.cluster.failover._TRIES_S", 0.5)
    master = nodes.view().masters[0]
    asked = []

    def ask(node: Node, *command: str) -> str:
        """As Redis: OK, whatever comes of it; of the first there comes nothing."""
        if command != ("cluster", "failover"):
            return Processes.ask(nodes, node, *command)
        asked.append(node)
        if len(asked) == 1:
            return "OK"
        monkeypatch.undo()  # from here on as it is
        return Processes.ask(nodes, node, *command)

    monkeypatch.setattr(nodes, "ask", ask)
    successor = fail_over(nodes, master)

    assert asked == [successor] * 2
    assert nodes.view().master_of(master) == successor
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
    successor = best_replica(nodes.view(), master)
    for leaving in (master, successor, master):
        fail_over(nodes, leaving)

    assert asked == [successor, master, successor], "once each: no vote was refused"
    logs = [server.directory / "redis.log" for server in nodes.cluster.servers.values()]
    assert not any("Failover auth denied" in log.read_text() for log in logs)


async def test_who_was_idle_meanwhile_loses_nothing_when_a_node_stops(
    nodes: Processes, tmp_path: Path
) -> None:
    """A node that is ending takes connections and answers nothing; here it is frozen."""
    settings = Settings(home=tmp_path, redis=RedisConfig(url=nodes.cluster.url))
    async with Mind.connect("idle", settings=settings) as mind:
        await mind.think("before")
        slot = key_slot(keys.LEDGER.key(mind="idle").encode())
        master = nodes.node(await to_thread(nodes.cluster.owner, slot))
        await to_thread(fail_over, nodes, master)
        await to_thread(disconnect_clients, nodes, master)
        with nodes.cluster.servers[master.port].frozen():
            await mind.think("after")
        assert (await mind.audit()).faults == []
    await to_thread(wait_until_healthy, nodes)


def test_a_replica_has_nothing_to_hand_over(nodes: Processes) -> None:
    view = nodes.view()
    replica = view.replicas(view.masters[0])[0]

    assert fail_over(nodes, replica) is None
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
            fail_over(nodes, master)
        client.config_set("masterauth", "")
        client.config_set("masteruser", "")

    assert master in nodes.view().masters


def test_a_silent_replica_is_never_made_the_master(nodes: Processes) -> None:
    view = nodes.view()
    master = view.masters[0]
    server = nodes.cluster.servers[view.replicas(master)[0].port]
    server.kill()

    with pytest.raises(ClusterError, match="no replica that could take over"):
        fail_over(nodes, master)

    assert master in nodes.view().masters
    server.start()


def test_slots_move_until_each_has_what_is_wanted(nodes: Processes) -> None:
    masters = nodes.view().masters
    have = slots.counts(nodes.view())
    want = {**have, masters[0]: have[masters[0]] - 1100, masters[1]: have[masters[1]] + 1100}

    assert slots.reshard(nodes, want)

    assert slots.counts(nodes.view()) == want
    assert nodes.told == [
        f"{done} of 1100 slots moved ({part}%): 1100 slots {masters[0]} -> {masters[1]}"
        for done, part in ((512, 46), (1024, 93), (1100, 100))
    ]
    assert all_there(nodes)
    assert not slots.reshard(nodes, want)


def test_a_move_that_was_cut_off_is_gone_on_with(nodes: Processes) -> None:
    view = nodes.view()
    source, target = view.masters[:2]
    slot = _slot_with_keys(nodes, source)
    _half_moved(nodes, source, target, slot)
    assert any("open slots" in line for line in problems(nodes.view(), 1))

    assert close_open(nodes, nodes.view().nodes)
    assert not close_open(nodes, nodes.view().nodes)

    assert problems(wait_until_healthy(nodes), 1) == []
    assert all_there(nodes)


def _half_moved(nodes: Nodes, source: Node, target: Node, slot: int) -> str:
    """Opens a slot and moves its keys; returns one of them."""
    view = nodes.view()
    nodes.ask(target, "cluster", "setslot", str(slot), "importing", view[source].id)
    nodes.ask(source, "cluster", "setslot", str(slot), "migrating", view[target].id)
    keys = nodes.ask(source, "cluster", "getkeysinslot", str(slot), "100").split()
    where = ("127.0.0.1", str(target.port), "", "0", "5000")
    nodes.ask(source, "migrate", *where, "keys", *keys)
    return keys[0]


def test_keys_are_brought_home_that_nobody_remembers_to_have_moved(nodes: Processes) -> None:
    """A node that is forgotten takes with it that another one was importing slots of it."""
    view = nodes.view()
    source, target = view.masters[:2]
    slot = _slot_with_keys(nodes, source)
    _half_moved(nodes, source, target, slot)
    for node in (source, target):
        nodes.ask(node, "cluster", "setslot", str(slot), "stable")
    assert problems(nodes.view(), 1) == []
    assert not all_there(nodes)

    assert close_open(nodes, nodes.view().nodes, search=True)

    assert problems(wait_until_healthy(nodes), 1) == []
    assert all_there(nodes)


def test_a_key_on_two_masters_is_left_to_a_person(nodes: Processes) -> None:
    view = nodes.view()
    source, target = view.masters[:2]
    slot = _slot_with_keys(nodes, source)
    key = _half_moved(nodes, source, target, slot)
    with nodes.cluster.servers[source.port].client() as client:
        client.execute_command("CLUSTER SETSLOT", slot, "STABLE")
        client.set(key, "another one")

    with pytest.raises(ClusterError, match="a key may be on two masters") as raised:
        close_open(nodes, nodes.view().nodes)

    assert f"closed ([{slot}])" in str(raised.value)
    assert "\x1b" not in str(raised.value)
    for master, value in ((source, "another one"), (target, key.removeprefix("key:"))):
        assert _asking(nodes, master, "get", key) == value, "nothing is thrown away"
    assert _asking(nodes, source, "del", key) == 1
    close_open(nodes, nodes.view().nodes)
    assert problems(wait_until_healthy(nodes), 1) == []
    assert all_there(nodes)


def _asking(nodes: Processes, node: Node, *command: str) -> object:
    """What a node answers that may not be the one that has the slot now."""
    with nodes.cluster.servers[node.port].client() as client:
        pipe = client.pipeline(transaction=False)
        pipe.execute_command("ASKING")
        pipe.execute_command(*command)
        return pipe.execute()[1]


def _slot_with_keys(nodes: Processes, master: Node) -> int:
    with RedisCluster.from_url(nodes.cluster.url) as client:
        found = nodes.view()[master].slots
        return next(int(slot) for slot in map(client.keyslot, names()) if slot in found)


def test_moves_that_are_cut_off_anywhere_are_gone_on_with(
    nodes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each of the questions that move the slots without keys but the last."""
    view = nodes.view()
    source, target = view.masters[:2]
    want = slots.counts(view)
    for asked in (1, 2, 3):
        want |= {source: want[source] - 50, target: want[target] + 50}
        with monkeypatch.context() as patch:
            patch.setattr(nodes, "ask", _cut_off(nodes, asked))
            with pytest.raises(_CutOff):
                slots.reshard(nodes, want)
        late = _written_to(nodes, nodes.view().open_slots)

        close_open(nodes, nodes.view().nodes)
        slots.reshard(nodes, want)

        assert slots.counts(nodes.view()) == want
        assert problems(nodes.view(), 1) == []
        assert all_there(nodes)
        with RedisCluster.from_url(nodes.cluster.url) as client:
            assert {name: client.get(name) for name in late} == late


def _written_to(nodes: Processes, slots: Collection[int]) -> dict[str, bytes]:
    """New keys of some slots, which a client is sent to the target with (ASK) while they move."""
    with RedisCluster.from_url(nodes.cluster.url) as client:
        written = {n: n.encode() for n in map(str, range(9000)) if client.keyslot(n) in slots}
        for name, value in written.items():
            client.set(name, value)
    return written


def test_slots_of_a_master_that_has_failed_over_meanwhile_stay(
    nodes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has taken over takes writes in slots that are thought to be without keys."""
    view = nodes.view()
    source, target = view.masters[:2]
    moving = sorted(view[source].slots)[:50]
    names = (f"late:{number}" for number in count())
    written = {}
    asked = count(1)

    def ask(node: Node, *command: str) -> str:
        if next(asked) == 3:
            successor = nodes.cluster.hand_over(source.port)
            with RedisCluster.from_url(nodes.cluster.url) as client:
                written.update({n: n for n in islice(names, 9000) if client.keyslot(n) in moving})
            with nodes.cluster.servers[successor].client() as client:
                for name in written:
                    client.set(name, name)
        return Processes.ask(nodes, node, *command)

    monkeypatch.setattr(nodes, "ask", ask)
    with pytest.raises(ClusterError, match="the epoch has changed"):
        move_slots(nodes, view, source, target, len(moving))

    close_open(nodes, nodes.view().nodes)
    with RedisCluster.from_url(nodes.cluster.url) as client:
        assert written
        assert {name: client.get(name) for name in written} == {
            name: name.encode() for name in written
        }


class _CutOff(Exception):
    pass


def _cut_off(nodes: Processes, after: int) -> Callable[..., str]:
    asked = count(1)

    def ask(node: Node, *command: str) -> str:
        if next(asked) > after:
            raise _CutOff
        return Processes.ask(nodes, node, *command)

    return ask


def test_what_is_written_while_slots_move_is_there(nodes: Processes) -> None:
    """New keys in every slot, also in those that had none when they began to move."""
    view = nodes.view()
    source, target = view.masters[:2]
    have = slots.counts(view)
    with ThreadPoolExecutor() as pool, writing(pool, nodes) as written:
        slots.reshard(nodes, {**have, source: have[source] - 1200, target: have[target] + 1200})
        slots.reshard(nodes, have)

    assert len(written) > 300
    with RedisCluster.from_url(nodes.cluster.url) as client:
        assert {name: client.get(name) for name in written} == written


@contextmanager
def writing(pool: Executor, nodes: Processes) -> Iterator[dict[str, bytes]]:
    """Someone who writes key after key, whom no error may reach; what was acknowledged."""
    written: dict[str, bytes] = {}
    over = Event()

    def write() -> None:
        with RedisCluster.from_url(nodes.cluster.url) as client:
            for number in count():
                if over.is_set():
                    break
                name, value = f"new:{uuid4()}", str(number).encode()
                client.set(name, value)
                written[name] = value
                over.wait(0.001)

    writer = pool.submit(write)
    try:
        yield written
    finally:
        over.set()
        writer.result()


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
