"""Bad input, bad clocks and bad days: what else the engine has to survive."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis.exceptions import ResponseError

from tests.servers import RedisServer, programs, wait_until
from tests.services import running, until
from thoughtstream import Mind, keys
from thoughtstream.attention.attention import Attention
from thoughtstream.attention.models import Audit
from thoughtstream.config import ConfigError, MemoryConfig, RedisConfig, Settings, StreamConfig
from thoughtstream.coordination.membership import alive_services
from thoughtstream.errors import MemoryFull, ThoughtstreamError, WritesRefused
from thoughtstream.store import connection
from thoughtstream.store.connection import connect

WINDOWS = keys.STANDARD_WINDOWS
SLOWER = StreamConfig(working_memory_ttl_ms=1000, cycle_target_ms=5, working_memory_maxlen=0)
QUICK = StreamConfig(working_memory_ttl_ms=100, cycle_target_ms=5, working_memory_maxlen=0)
CALM = MemoryConfig(trigger_limit=0)
"""Nothing comes back by itself, so that thoughts can be counted."""

HOUR_MS = 3_600_000


@pytest.fixture
def quick(settings: Settings) -> Settings:
    return settings.model_copy(update={"streams": QUICK, "memory": CALM})


@pytest.fixture(params=sorted(programs()))
def own_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer]:
    """A server of this test alone, which may be broken."""
    server = RedisServer(programs()[request.param], tmp_path).start()
    yield server
    server.stop()


@pytest.fixture
def own(own_server: RedisServer, tmp_path: Path) -> Settings:
    redis = RedisConfig(url=own_server.url)
    return Settings(home=tmp_path / "home", redis=redis, streams=QUICK, memory=CALM)


@asynccontextmanager
async def flow(name: str, settings: Settings) -> AsyncIterator[list[str]]:
    """Thoughts that never stop; the list is of those that were acknowledged."""
    acknowledged: list[str] = []
    over = asyncio.Event()

    async def think() -> None:
        async with Mind.connect(name, settings=settings) as mind:
            while not over.is_set():
                try:
                    acknowledged.append(await mind.think(f"thought {len(acknowledged)}"))
                except ThoughtstreamError:
                    await asyncio.sleep(0.01)

    task = asyncio.create_task(think())
    try:
        yield acknowledged
    finally:
        over.set()
        await task


@asynccontextmanager
async def client_of(settings: Settings) -> AsyncIterator[Any]:
    client = connect(settings.redis)
    yield client
    await client.aclose()


async def more(acknowledged: list[str], count: int = 20) -> None:
    """Wait for that many more acknowledged thoughts."""
    enough = len(acknowledged) + count

    async def come() -> bool:
        return len(acknowledged) >= enough

    await until(come)


async def at_rest(mind: Mind, adopted: int) -> Audit:
    """Wait until so many thoughts have been adopted and nothing is under way."""
    found: list[Audit] = []

    async def rests() -> bool:
        found.append(await mind.audit())
        audit = found[-1]
        assert audit.faults == []
        return audit.adopted == adopted and not (audit.competing + audit.intervening + audit.unread)

    await until(rests)
    return found[-1]


# --- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["{", "}", "a}b{c", "{ana}", "thought:{ana}:window:x", "a: b\n\tc", "%7B", "意识 🧠 ünï",
     "*?[a]", "../../etc", "x" * 1000, "🧠" * 1000],
)  # fmt: skip
async def test_any_name_goes_the_whole_road(redis: Any, quick: Settings, name: str) -> None:
    async with running(quick), Mind.connect(name, settings=quick) as mind:
        thought = await mind.think("the kettle is on", window=name, source=name)
        attended = await anext(mind.attended(since="0"))

        async def recalled() -> Any:
            return await mind.recall("kettle", window=name)

        await until(recalled)
        [hit] = await mind.recall("kettle", window=name)
        audit = await mind.audit()
        state = await mind.state()
    assert (attended.id, hit.id) == (thought, thought)
    assert (attended.window, hit.window, hit.fields["source"]) == (name, name, name)
    assert (audit.anchored, audit.faults) == (1, [])
    assert name in state.windows


async def test_names_that_look_alike_are_different_minds(redis: Any, quick: Settings) -> None:
    names = ["{ana}", "%7Bana%7D", "ana", "ana ", "Ana", "an\u0061\u0301"]
    async with running(quick):
        for number, name in enumerate(names):
            async with Mind.connect(name, settings=quick) as mind:
                await mind.think(f"mine is number{number}")
                assert (await at_rest(mind, 1)).anchored == 1
                [hit] = await mind.recall("mine")
                assert hit.content == f"mine is number{number}"


# --- values ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    ["1" * 60_000 + "x", "0." + "0" * 60_000 + "x", "-" * 60_000, "9" * 400, "1e999999999",
     "-1e400", "1e400", "0x1p-1", " 1", "1 ", "1_0", "\u0661", "infinity", "-nan", "1.0.0",
     "e", "."],
)  # fmt: skip
async def test_a_number_that_is_none_is_rejected_at_once(redis: Any, number: str) -> None:
    for window, field in (("sensory", "salience"), ("emotion", "valence")):
        key = keys.WINDOW.key(mind="ana", window=window)
        await redis.xadd(key, {"content": "poison", field: number})
        await redis.xadd(key, {"content": "healthy"})
    async with asyncio.timeout(2):
        report = await Attention(redis).cycle("ana", WINDOWS)
    assert report.moved["rejected"] == 2
    assert report.attended is not None
    assert report.attended.content == "healthy"
    [(_, fields), _] = await redis.xrange(keys.REJECTED.key(mind="ana"))
    assert "is not a number from 0 to 1" in fields["reason"]


async def test_an_unknown_kind_is_refused_by_name(redis: Any, settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        with pytest.raises(ThoughtstreamError, match="kind"):
            await mind.think("x", kind="dream")  # type: ignore[arg-type]
        assert await redis.keys() == []
        await redis.xadd(
            keys.WINDOW.key(mind="ana", window="sensory"), {"content": "x", "kind": "d"}
        )
        await mind.attend()
    [(_, fields)] = await redis.xrange(keys.REJECTED.key(mind="ana"))
    assert fields["reason"] == "kind: d is not episodic, semantic or procedural"


# --- clocks ----------------------------------------------------------------------------------


async def test_ids_of_any_time_are_kept_as_they_are(redis: Any, settings: Settings) -> None:
    quick = settings.model_copy(update={"streams": SLOWER})
    ids = [
        "1-1",
        "1-2",
        "1700000000000-0",
        "9007199254740993-7",
        "18446744073709551614-18446744073709551615",
    ]
    key = keys.WINDOW.key(mind="ana", window="sensory")
    for number, entry in enumerate(ids):
        await redis.xadd(key, {"content": f"thought {number}", "salience": "0.5"}, id=entry)
    last = await redis.xadd(key, {"content": "by the server", "salience": "0.5"})
    async with running(quick), Mind.connect("ana", settings=quick) as mind:
        audit = await at_rest(mind, 6)
        assert (audit.anchored, audit.expired) == (6, 0)
    names = [f"{entry}@sensory" for entry in [*ids, last]]
    assembled = await redis.xrange(keys.ASSEMBLED.key(mind="ana"))
    remembered = await redis.xrange(keys.EPISODIC.key(mind="ana"))
    assert [fields["id"] for _, fields in assembled] == names
    assert sorted(fields["id"] for _, fields in remembered) == sorted(names)


async def test_a_window_whose_ids_are_used_up_says_so(redis: Any, settings: Settings) -> None:
    most = "18446744073709551615"
    key = keys.WINDOW.key(mind="ana", window="sensory")
    await redis.xadd(key, {"content": "the last"}, id=f"{most}-{most}")
    async with Mind.connect("ana", settings=settings) as mind:
        with pytest.raises(ThoughtstreamError, match=r"sensory.*DEL"):
            await mind.think("one more")
        report = await mind.attend()
        assert report.attended is not None
        assert report.attended.id == f"{most}-{most}@sensory"
        await mind.think("elsewhere", window="memory")
        await redis.delete(key)
        await mind.think("again")
        assert (await mind.attend()).attended is not None
        assert (await mind.audit()).balanced


async def test_a_clock_that_jumps_forward_brings_everything_to_its_end(redis: Any) -> None:
    attention = Attention(redis, StreamConfig(working_memory_ttl_ms=HOUR_MS))
    for number in range(4):
        key = keys.WINDOW.key(mind="ana", window="sensory")
        await redis.xadd(key, {"content": f"thought {number}"})
    await attention.cycle("ana", WINDOWS)
    await shift_clock(redis, HOUR_MS)
    await attention.cycle("ana", WINDOWS)
    audit = await attention.audit("ana", WINDOWS)
    assert audit.balanced
    assert (audit.anchored, audit.expired, audit.competing) == (1, 3, 0)


async def shift_clock(redis: Any, ms: int) -> None:
    """As if the server's clock had jumped: what it has written down is moved the other way."""
    deadlines = keys.DEADLINES.key(mind="ana")
    for member in await redis.zrange(deadlines, 0, -1):
        await redis.zincrby(deadlines, -ms, member)


async def test_a_clock_that_jumped_back_does_not_keep_a_dead_service_alive(
    redis: Any, quick: Settings
) -> None:
    seconds, _ = await redis.time()
    for number in range(9):  # they died when the clock said so
        await redis.zadd(keys.SERVICES.key(), {f"dead-{number}": seconds * 1000 + HOUR_MS})
    names = [f"mind {number}" for number in range(20)]
    async with running(quick):
        for name in names:
            async with Mind.connect(name, settings=quick) as mind:
                await mind.think("is anybody there?")
                await at_rest(mind, 1)
        assert len(await alive_services(redis)) == 1


# --- bad days --------------------------------------------------------------------------------


@pytest.mark.parametrize("flush", ["function_flush", "script_flush"])
async def test_code_that_is_flushed_under_load_comes_back(
    redis: Any, quick: Settings, flush: str
) -> None:
    async with running(quick) as service, flow("ana", quick) as acknowledged:
        for _ in range(20):
            await getattr(redis, flush)()
            await more(acknowledged, 5)
        assert not service.done()
    async with running(quick), Mind.connect("ana", settings=quick) as mind:
        await at_rest(mind, len(acknowledged))


async def test_after_flushall_under_load_a_mind_begins_anew(redis: Any, quick: Settings) -> None:
    async with running(quick) as service, Mind.connect("ana", settings=quick) as mind:
        async with flow("ana", quick) as acknowledged:
            for _ in range(5):
                await more(acknowledged)
                await redis.flushall()
            await more(acknowledged)
        await redis.flushall()
        ids = [await mind.think(f"new {number}", salience=0.9) for number in range(3)]
        audit = await at_rest(mind, 3)
        assert not service.done()

        async def all_recalled() -> bool:
            return {hit.id for hit in await mind.recall("new")} == set(ids)

        await until(all_recalled)
        assert audit.anchored == 3


async def test_an_old_redis_is_named_with_the_cure(
    redis: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = (await redis.info("server"))["redis_version"]
    monkeypatch.setattr(connection, "OLDEST", (99, 0))
    told = rf"redis\.url: this is Redis {version}; run 99\.0 or newer"
    with pytest.raises(ConfigError, match=told):
        async with running(settings):
            pass
    with pytest.raises(ConfigError, match=told):
        async with Mind.connect("ana", settings=settings):
            pass


async def test_a_full_disk_refuses_thoughts_and_loses_none(
    own_server: RedisServer, own: Settings
) -> None:
    async with running(own) as service, Mind.connect("ana", settings=own) as mind:
        async with flow("ana", own) as acknowledged:
            await more(acknowledged)
            rewritten = rewrite_log(own_server)  # this log is opened in another way than the first
            await more(acknowledged)
            fill_disk(own_server, full=True)
            await until(lambda: refused(mind, acknowledged))
            with pytest.raises(WritesRefused, match="disk"):
                await mind.think("no room for me")
            with pytest.raises(WritesRefused):
                await mind.attend()
            await asyncio.sleep(1.5)  # some heartbeats of the service fail
            assert not service.done()
            fill_disk(own_server, full=False)
            await more(acknowledged)
        await at_rest(mind, len(acknowledged))
        await until(lambda: written_anew(own_server, rewritten))
        own_server.kill()
        own_server.start()
    async with running(own), Mind.connect("ana", settings=own) as mind:
        await at_rest(mind, len(acknowledged))


def log_of(server: RedisServer) -> str:
    """The name of the file that a server appends to, another one after each rewrite."""
    logs = server.directory.glob("appendonlydir/*.incr.aof")
    return max(logs, key=lambda path: int(path.name.split(".")[2])).name


def rewrite_log(server: RedisServer) -> str:
    """Returns its new name."""
    before = log_of(server)
    with server.client() as client:
        client.bgrewriteaof()
    wait_until(lambda: was_written_anew(server, before), "the log is written anew")
    return log_of(server)


async def written_anew(server: RedisServer, before: str) -> bool:
    return was_written_anew(server, before)


def was_written_anew(server: RedisServer, before: str) -> bool:
    """Whether there is another log than `before`, and nothing needs the old one any more."""
    with server.client() as client:
        writes = client.info("persistence")["aof_rewrite_in_progress"]
    return not writes and log_of(server) != before


def fill_disk(server: RedisServer, *, full: bool) -> None:
    """The server's files can't grow, but for a part of what comes next; or they can."""
    log = server.directory / "appendonlydir" / log_of(server)
    most = log.stat().st_size + 100 if full else psutil.RLIM_INFINITY
    psutil.Process(server.pid).rlimit(psutil.RLIMIT_FSIZE, (most, psutil.RLIM_INFINITY))


async def refused(mind: Mind, acknowledged: list[str]) -> bool:
    try:
        acknowledged.append(await mind.think("is there room?"))
    except WritesRefused:
        return True
    return False


async def test_a_full_memory_refuses_thoughts_and_is_served_on(
    own_server: RedisServer, own: Settings
) -> None:
    async with (
        client_of(own) as redis,
        Mind.connect("ana", settings=own) as mind,
        running(own) as service,
    ):
        ids = [await mind.think(f"thought {number}") for number in range(50)]
        await redis.config_set("maxmemory", 1)
        with pytest.raises(MemoryFull):
            await mind.think("no room for me")
        audit = await at_rest(mind, len(ids))
        assert audit.anchored > 0
        assert audit.anchored + audit.expired == len(ids)
        [before] = await alive_services(redis)

        async def renewed() -> bool:
            [now] = await alive_services(redis)
            return now["last_seen"] > before["last_seen"]

        await until(renewed)
        service.cancel()
        await asyncio.wait({service})
        async with running(own):  # it can even start
            assert len(await alive_services(redis)) == 1


async def test_a_server_that_fails_over_is_waited_for(
    own_server: RedisServer, own: Settings
) -> None:
    async with client_of(own) as redis, running(own) as service, flow("ana", own) as acknowledged:
        await more(acknowledged)
        await redis.replicaof("127.0.0.1", "1")  # it is only a replica now, of nobody
        with pytest.raises(ResponseError):
            await redis.set("x", 1)
        await asyncio.sleep(1.5)  # some heartbeats fail
        assert not service.done()
        await redis.replicaof("NO", "ONE")
        await more(acknowledged)
    async with running(own), Mind.connect("ana", settings=own) as mind:
        await at_rest(mind, len(acknowledged))
