"""A cluster that changes while it is used: nodes change roles, die, come and go, slots move."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from redis.asyncio.cluster import ClusterNode
from redis.crc import key_slot
from redis.exceptions import MovedError

from deploy.cluster.handover import dismiss, hand_over
from tests import clusters
from tests.clusters import Cluster
from tests.deploy.processes import Processes
from tests.servers import RedisServer, programs
from tests.services import running, until
from thoughtstream import Mind, keys
from thoughtstream.attention.models import Kind
from thoughtstream.config import MemoryConfig, RedisConfig, Settings, StreamConfig
from thoughtstream.errors import NotDurable, RedisUnavailable, ThoughtstreamError
from thoughtstream.store.calls import Call
from thoughtstream.store.connection import open_client

NAMES = ["ana", "bob", "cleo"]
"""One on every node of three."""

_PAUSE_S = 0.02


@pytest.fixture(scope="module", params=sorted(programs()))
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Three masters with a replica each, which lose patience soon; empty when it is new."""
    make = partial(RedisServer, programs()[request.param])
    directory = tmp_path_factory.mktemp("cluster")
    with clusters.running(directory, make, "cluster-node-timeout 1000", replicas=1) as started:
        yield started


@pytest.fixture
def settings(cluster: Cluster, tmp_path: Path) -> Iterator[Settings]:
    cluster.wait_until_whole()
    for port in cluster.masters:
        with cluster.servers[port].client() as client:
            client.flushall()
    yield Settings(
        home=tmp_path,
        redis=RedisConfig(url=cluster.url),
        streams=StreamConfig(
            working_memory_ttl_ms=200, cycle_target_ms=5, working_memory_maxlen=0,
            assembled_maxlen=100_000,
        ),
        memory=MemoryConfig(trigger_limit=0),
    )  # fmt: skip


@dataclass
class Said:
    """What clients of a mind were told. `thoughts`, `anchors`: acknowledged ids."""

    thoughts: list[str] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    recalls: int = 0


@asynccontextmanager
async def busy(settings: Settings, names: list[str]) -> AsyncIterator[dict[str, Said]]:
    """Minds that are used in every way, all the time, until the end of the context."""
    said = {name: Said() for name in names}
    over = asyncio.Event()

    async def use(name: str, what: Callable[[Mind, Said], Awaitable[None]]) -> None:
        async with Mind.connect(name, settings=settings) as mind:
            while not over.is_set():
                try:
                    await what(mind, said[name])
                except ThoughtstreamError as error:
                    said[name].errors.append(error)
                await asyncio.sleep(_PAUSE_S)

    async with asyncio.TaskGroup() as group:
        for name in names:
            for what in (_think, _anchor, _recall):
                group.create_task(use(name, what))
        try:
            yield said
        finally:
            over.set()


async def _think(mind: Mind, said: Said) -> None:
    said.thoughts.append(await mind.think(f"thought {len(said.thoughts)}", salience=0.9))


async def _anchor(mind: Mind, said: Said) -> None:
    content = f"anchor {len(said.anchors)}"
    said.anchors.append(await mind.anchor(content, durability="replicas"))


async def _recall(mind: Mind, said: Said) -> None:
    assert (await mind.audit()).faults == []
    said.recalls += bool(await mind.recall("anchor"))


async def more(said: dict[str, Said], count: int = 5) -> None:
    """Wait until every mind has taken so many more thoughts and anchors, and a question."""
    before = {name: (len(s.thoughts), len(s.anchors), s.recalls) for name, s in said.items()}

    async def come() -> bool:
        return all(
            len(s.thoughts) >= before[n][0] + count
            and len(s.anchors) >= before[n][1] + count
            and s.recalls > before[n][2]
            for n, s in said.items()
        )

    await until(come, most_s=60)


async def at_rest(settings: Settings, name: str, said: Said, *, unsure: int = 0) -> None:
    """Wait until everything of a mind has come to its end; nothing is missing, nothing twice.

    `unsure`: how many thoughts may have been written, or lost, beside those that were acknowledged.
    """
    async with Mind.connect(name, settings=settings) as mind:

        async def rests() -> bool:
            audit = await mind.audit()
            assert audit.faults == []
            return not audit.competing + audit.intervening + audit.unread

        await until(rests, most_s=60)
        audit = await mind.audit()
        wanted = len(said.thoughts) + len(said.anchors)
        assert wanted - unsure <= audit.adopted <= wanted + unsure
        redis = mind._redis
        attended: Any = await redis.xrange(keys.ASSEMBLED.key(mind=name))
        remembered: Any = await redis.xrange(keys.EPISODIC.key(mind=name))
    for entries in (attended, remembered):
        twice = [id_ for id_, n in Counter(f["id"] for _, f in entries).items() if n > 1]
        assert twice == []
    assert set(said.anchors) <= {fields["id"] for _, fields in remembered}


async def in_thread(work: Callable[..., Any], *args: Any) -> Any:
    return await asyncio.to_thread(work, *args)


def slot_of(name: str) -> int:
    return key_slot(keys.LEDGER.key(mind=name).encode())


async def test_what_is_planned_nobody_notices(cluster: Cluster, settings: Settings) -> None:
    """Handovers, restarts, a slot that moves to a new node and back, under load: no error."""
    nodes = Processes(cluster)
    async with running(settings), busy(settings, NAMES) as said:
        await more(said)
        for master in cluster.masters:
            await in_thread(hand_over, nodes, nodes.node(master))
            await in_thread(dismiss, nodes, nodes.node(master))
            await in_thread(cluster.servers[master].stop)
            await in_thread(cluster.servers[master].start)
            await in_thread(cluster.wait_until_whole)
        await more(said)
        moved = NAMES[0]
        home, new = cluster.owner(slot_of(moved)), await in_thread(cluster.add)
        replica = await in_thread(partial(cluster.add, replica_of=new))
        await in_thread(cluster.move, slot_of(moved), new)
        await more(said)
        await in_thread(cluster.move, slot_of(moved), home)
        await more(said)
        await in_thread(cluster.remove, replica)
        await in_thread(cluster.remove, new)
        await more(said)
    assert [error for s in said.values() for error in s.errors] == []
    async with running(settings):
        for name in NAMES:
            await at_rest(settings, name, said[name])


async def test_who_hands_over_late_is_waited_for(cluster: Cluster, settings: Settings) -> None:
    """The others know who has taken over before the old master does, and it has a write to keep."""
    name = NAMES[0]
    master = cluster.owner(slot_of(name))
    await in_thread(cluster.wait_for_votes, master)
    async with Mind.connect(name, settings=settings) as mind:
        await mind.think("before")
        with cluster.servers[master].client() as client:
            client.execute_command("CLIENT PAUSE", 2500, "WRITE")
        late = asyncio.create_task(mind.think("meanwhile"))
        await in_thread(cluster.hand_over, master)
        await late
        assert await mind._redis.xlen(keys.WINDOW.key(mind=name, window="sensory")) == 2


async def test_who_stalls_after_handing_over_is_waited_for(
    cluster: Cluster, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its disk is busy: the others see that it is there still, and it will say where to go.
    An error would leave open whether the thought was taken.
    """
    monkeypatch.setattr("thoughtstream.store.silence._AWAY_S", 0.5)
    master = cluster.owner(slot_of("ana"))
    async with Mind.connect("ana", settings=settings) as mind:
        redis: Any = mind._redis
        await mind.think("before")
        heir = await in_thread(cluster.hand_over, master)
        await in_thread(cluster.wait_until_whole)
        look, seen = redis.look_again, []

        async def look_again() -> None:
            await look()
            seen.append(redis.place_of(keys.LEDGER.key(mind="ana")))

        async def is_known_for_long() -> bool:
            return seen.count(f"127.0.0.1:{heir}") > 3

        monkeypatch.setattr(redis, "look_again", look_again)
        with (
            cluster.configured(cluster.servers, "cluster-node-timeout", 10_000),
            cluster.servers[master].frozen(),
        ):
            late = asyncio.create_task(mind.think("meanwhile"))
            await until(is_known_for_long)
            assert not late.done()
        await late
        assert await redis.xlen(keys.WINDOW.key(mind="ana", window="sensory")) == 2


async def test_who_died_without_a_word_is_not_waited_for(
    cluster: Cluster, settings: Settings
) -> None:
    """A host without power closes no connection."""
    patient = settings.redis.model_copy(update={"timeout_s": 120})
    master = cluster.owner(slot_of("ana"))
    heir = cluster.replica_of(master)
    async with Mind.connect("ana", settings=settings.model_copy(update={"redis": patient})) as mind:
        await mind.think("before")
        with cluster.servers[master].frozen():
            with pytest.raises(RedisUnavailable, match="another one has taken over"):
                await mind.think("lost with it, or not")
            await mind.think("after")
        await in_thread(cluster.wait_until_master, heir)
        window = keys.WINDOW.key(mind="ana", window="sensory")
        assert await mind._redis.xlen(window) == 2


async def test_a_handover_that_is_given_up_is_waited_out(
    cluster: Cluster, settings: Settings
) -> None:
    """Redis holds clients until it gives up, here since nobody votes."""
    name = NAMES[0]
    master = cluster.owner(slot_of(name))
    heir, others = cluster.replica_of(master), {*cluster.masters} - {master}
    await in_thread(cluster.wait_for_votes, master)  # else those of before would count
    logs = [cluster.servers[port].directory / "redis.log" for port in (master, heir)]
    before = {log: log.read_text() for log in logs}

    def given_up() -> bool:
        new = (log.read_text().removeprefix(before[log]) for log in logs)
        return all("Manual failover timed out" in text for text in new)

    thoughts = 0
    async with Mind.connect(name, settings=settings) as mind:
        await mind.think("before")
        with ExitStack() as stack:
            stack.enter_context(cluster.configured([master], "cluster-node-timeout", 60_000))
            for port in others:
                stack.enter_context(cluster.servers[port].frozen())
            with cluster.servers[heir].client() as client:
                client.execute_command("CLUSTER FAILOVER")
            while not given_up():
                await mind.think("meanwhile")
                thoughts += 1
        window = keys.WINDOW.key(mind=name, window="sensory")
        assert await mind._redis.xlen(window) == 1 + thoughts
    assert cluster.owner(slot_of(name)) == master


async def test_a_master_that_is_killed_loses_no_anchor(
    cluster: Cluster, settings: Settings
) -> None:
    victim = cluster.owner(slot_of(NAMES[0]))
    heir = cluster.replica_of(victim)
    async with running(settings) as service, busy(settings, NAMES) as said:
        await more(said)
        await in_thread(cluster.servers[victim].kill)
        await in_thread(cluster.wait_until_master, heir)
        await in_thread(cluster.servers[victim].start)  # anchors need a replica
        await more(said)
        assert not service.done()
    errors = [error for s in said.values() for error in s.errors]
    assert all(isinstance(error, RedisUnavailable | NotDurable) for error in errors)
    async with running(settings):
        for name in NAMES:
            await at_rest(settings, name, said[name], unsure=50)


async def test_a_slot_on_its_way_is_waited_for(cluster: Cluster, settings: Settings) -> None:
    """Half of a mind's keys are here, half there: what needs several of them waits."""
    name = NAMES[1]
    slot = slot_of(name)
    home = cluster.owner(slot)
    to = next(port for port in cluster.masters if port != home)
    async with running(settings), busy(settings, [name]) as said:
        await more(said)
        with cluster.moving(slot, to) as move_keys:
            await in_thread(move_keys, 3)
            thoughts = len(said[name].thoughts)

            async def thinks() -> bool:
                return len(said[name].thoughts) > thoughts + 3

            await until(thinks)  # a window is one key
        await more(said)
        await in_thread(cluster.move, slot, home)
    assert said[name].errors == []
    async with running(settings):
        await at_rest(settings, name, said[name])


async def test_no_function_begins_where_a_new_key_would_break_it_off(
    cluster: Cluster, settings: Settings
) -> None:
    """Every key of the mind is still here: only one that is never there keeps a cycle waiting."""
    name = NAMES[2]
    slot = slot_of(name)
    home = cluster.owner(slot)
    to = next(port for port in cluster.masters if port != home)
    async with Mind.connect(name, settings=settings) as mind:
        for kind in get_args(Kind):
            await mind.anchor("known", kind=kind)
        for family in (keys.UNCONSCIOUS, keys.REJECTED):
            await mind._redis.xadd(family.key(mind=name), {"id": "1-1@sensory", "content": "x"})
        for window in keys.STANDARD_WINDOWS:
            await mind.think("first", window=window)
            await mind.think("second", window=window)
        first = (await mind.attend()).attended
        assert first is not None

        async def is_due() -> bool:
            (server_s, micros) = await mind._redis.time(target_nodes="random")
            return server_s * 1000 + micros // 1000 > first.encode_at

        async def is_refused() -> bool:
            return _refused(cluster.servers[home]) > before

        await until(is_due)
        before = _refused(cluster.servers[home])
        with cluster.moving(slot, to):
            late = asyncio.create_task(mind.attend())
            await until(is_refused)
            assert not late.done()
        assert (await late).anchored_ids == [first.id]
        assert (await mind.audit()).faults == []
    await in_thread(cluster.move, slot, home)


def _refused(server: RedisServer) -> int:
    """How often a node has refused to run a Function."""
    with server.client() as client:
        stats: Any = client.info("commandstats")
    return int(stats["cmdstat_fcall"]["rejected_calls"])


async def test_a_mind_that_slept_through_a_failover_wakes_up(
    cluster: Cluster, settings: Settings
) -> None:
    async with running(settings):
        for n in range(1, 3):
            for name in NAMES:
                async with Mind.connect(name, settings=settings) as mind:
                    await mind.think("awake", window="memory")

                    async def remembered(mind: Mind = mind, n: int = n) -> bool:
                        return (await mind.audit()).anchored == n

                    await until(remembered)
            for master in cluster.masters:
                await in_thread(cluster.hand_over, master)
            await in_thread(cluster.wait_until_whole)


async def test_it_ends_with_a_typed_error_where_nobody_takes_over(
    cluster: Cluster, settings: Settings
) -> None:
    impatient = settings.model_copy(update={"redis": RedisConfig(url=cluster.url, patience_s=0.2)})
    master = cluster.owner(slot_of("ana"))
    both = [master, cluster.replica_of(master)]
    async with Mind.connect("ana", settings=impatient) as mind:
        await mind.think("there")
        for port in both:
            await in_thread(cluster.servers[port].kill)
        for work in (mind.think("x"), mind.attend(), mind.audit(), mind.anchor("x")):
            with pytest.raises(RedisUnavailable):
                await work
        for port in both:
            await in_thread(cluster.servers[port].start)
        await in_thread(cluster.wait_until_whole)
        await mind.think("there again")


async def test_a_silent_node_that_the_url_names_keeps_nobody(
    cluster: Cluster, settings: Settings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections, and that is all
        nodes = f"127.0.0.1:{silent.getsockname()[1]},127.0.0.1:{cluster.masters[0]}"
        patient = settings.redis.model_copy(update={"timeout_s": 120})
        async with asyncio.timeout(30):
            redis = await open_client(patient, f"redis://{nodes}/0")
        await redis.aclose()


async def test_any_node_that_the_url_names_will_do(cluster: Cluster, settings: Settings) -> None:
    nodes = ",".join(["127.0.0.1:1", *(f"127.0.0.1:{port}" for port in cluster.masters[1:])])
    redis = await open_client(settings.redis, f"redis://{nodes}/0")
    assert await redis.ping()
    await redis.aclose()


@pytest.mark.parametrize("how", ["ends", "leaves"])
async def test_a_node_that_goes_between_two_questions_is_not_the_only_one(
    cluster: Cluster, settings: Settings, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """It has answered the first; at the second it is down, or a member no more."""
    port = clusters.free_port()
    if how == "leaves":
        cluster.servers[port] = cluster.make(port).start()
    client: Any = await open_client(settings.redis)
    await client.initialize()
    ask = client._one_that_answers
    asked = []

    async def answer() -> Any:
        node, slots = await ask()
        asked.append(node)
        if len(asked) == 1:
            node = ClusterNode("127.0.0.1", port, **client.connection_kwargs)
        return node, slots

    monkeypatch.setattr(client, "_one_that_answers", answer)
    client._seen = None
    try:
        await client.look_again()
        assert len(asked) == 2
        assert len(client.get_primaries()) == clusters.MASTERS
    finally:
        await client.aclose()
        if how == "leaves":
            await in_thread(cluster.servers.pop(port).stop)


async def test_one_is_sent_elsewhere_for_a_slot_of_which_nobody_has_told(
    cluster: Cluster, settings: Settings
) -> None:
    """A node that has just joined knows less than the one that it is followed to."""
    slot = slot_of("ana")
    client: Any = await open_client(settings.redis)
    await client.initialize()
    del client.nodes_manager.slots_cache[slot]
    moved = Call((), {}, slot, answer=MovedError(f"{slot} 127.0.0.1:{cluster.owner(slot)}"))
    await client._redirect(moved)
    assert client.place_of(keys.LEDGER.key(mind="ana")) == f"127.0.0.1:{cluster.owner(slot)}"
    await client.aclose()


async def test_who_watches_goes_on_through_a_handover(cluster: Cluster, settings: Settings) -> None:
    """Redis ends what waits on a master that ceases to be one, with an error of its own kind."""
    master = cluster.owner(slot_of("ana"))
    async with Mind.connect("ana", settings=settings) as mind:
        watching = asyncio.ensure_future(anext(mind.attended()))

        def is_waited_on() -> Any:
            with cluster.servers[master].client() as client:
                return client.info("clients")["blocked_clients"]

        await until(partial(in_thread, is_waited_on))
        await in_thread(cluster.hand_over, master)
        await mind.think("after")
        await mind.attend()
        assert (await watching).content == "after"
