"""The service finds minds, attends them, shares them with others and outlives a lost Redis."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ResponseError

import thoughtstream
from tests.servers import DEBIAN, WHEEL, RedisServer, programs
from tests.services import running, until
from thoughtstream import Mind, keys, service
from thoughtstream.config import ConfigError, RedisConfig, Settings, StreamConfig
from thoughtstream.coordination.membership import Membership, alive_services
from thoughtstream.errors import RedisUnavailable
from thoughtstream.libraries import LIBRARIES
from thoughtstream.minds import Minds
from thoughtstream.store.connection import typed_errors
from thoughtstream.store.subscription import subscription


@pytest.fixture
def quick(settings: Settings) -> Settings:
    streams = StreamConfig(working_memory_ttl_ms=100, cycle_target_ms=5)
    return settings.model_copy(update={"streams": streams})


async def test_a_first_plain_xadd_makes_a_mind_that_attends_and_remembers(
    redis: Any, quick: Settings
) -> None:
    async with running(quick), Mind.connect("ana", settings=quick) as mind:
        await redis.xadd("thought:{ana}:window:a new one", {"content": "the kettle is on"})

        async def remembered() -> bool:
            return (await mind.audit()).anchored == 1

        await until(remembered)
        [hit] = await mind.recall("kettle")
    assert hit.content == "the kettle is on"
    assert hit.window == "a new one"


async def test_it_loads_the_functions_of_all_who_may_load_none(redis: Any, quick: Settings) -> None:
    await redis.function_flush()
    async with running(quick):
        found = {library[1] for library in await redis.function_list()}

    assert found == {library.name for library in LIBRARIES}
    files = Path(thoughtstream.__file__).parent.rglob("*.lua")
    assert sum(file.read_text().startswith("#!lua name=") for file in files) == len(LIBRARIES)


async def test_memories_get_vectors_in_the_background(redis: Any, quick: Settings) -> None:
    """Those of before it had an embedder, and those that come."""
    memory = quick.memory.model_copy(update={"embedder": "tests.recall.embedders:Topics"})
    vectors = keys.VECTORS.key(mind="ana", kind="episodic")

    def kept(count: int) -> Any:
        async def is_kept() -> bool:
            return bool(await redis.hlen(vectors) == count + 1)  # and whose they are

        return is_kept

    async with Mind.connect("ana", settings=quick) as mind:
        await mind.anchor("the kettle is on")
        await mind.think("the tea is cold")
        async with running(quick.model_copy(update={"memory": memory})):
            await until(kept(2))
            await mind.think("the car is red", salience=0.9)
            await until(kept(3))


async def test_a_mind_that_slept_wakes_up(redis: Any, quick: Settings) -> None:
    async with running(quick), Mind.connect("ana", settings=quick) as mind:
        for n in range(1, 4):
            await mind.think(f"thought {n}", window="memory")

            async def remembered(n: int = n) -> bool:
                return (await mind.audit()).anchored == n

            await until(remembered)  # nothing is due any more: it sleeps until it is told


async def test_what_was_written_while_nobody_served_is_not_missed(
    redis: Any, quick: Settings
) -> None:
    # The first recall of a process keeps it busy for longer than the others' time to live.
    patient = StreamConfig(working_memory_ttl_ms=5000, cycle_target_ms=5)
    quick = quick.model_copy(update={"streams": patient})
    async with Mind.connect("ana", settings=quick) as mind:
        ids = [await mind.think(f"thought {n}", salience=0.9) for n in range(3)]
        async with running(quick):
            seen = []
            async for thought in mind.attended(since="0"):
                seen.append(thought.id)
                if len(seen) == 3:
                    break
    assert seen == ids


async def test_idle_minds_cost_nothing_and_each_is_attended(redis: Any, quick: Settings) -> None:
    """No call of Redis, no task, and no cycle when a service starts."""
    names = [f"mind {n}" for n in range(200)]
    for name in names:
        await redis.xadd(keys.WINDOW.key(mind=name, window="sensory"), {"content": "awake"})
    async with running(quick):

        async def all_remember() -> bool:
            pipe = redis.pipeline(transaction=False)
            for name in names:
                pipe.hget(keys.LEDGER.key(mind=name), "anchored")
            return bool(await pipe.execute() == ["1"] * len(names))

        async def calls() -> int:
            stats = await redis.info("commandstats")
            return int(stats["cmdstat_fcall"]["calls"])

        async def quiet() -> bool:
            before = await calls()
            await asyncio.sleep(0.5)
            return await calls() == before

        await until(all_remember)
        await until(quiet)
        assert len(asyncio.all_tasks()) < len(names) / 2
    before = await calls()
    async with running(quick):

        async def all_are_served() -> bool:
            return [one.about["minds"] for one in await alive_services(redis)] == [len(names)]

        await until(all_are_served)
        await until(quiet)
        assert await calls() - before < len(names) / 2


async def test_services_share_minds_and_take_over(redis: Any, quick: Settings) -> None:
    names = [f"mind {n}" for n in range(20)]

    async def think(round_: int) -> None:
        for name in names:
            key = keys.WINDOW.key(mind=name, window="sensory")
            await redis.xadd(key, {"content": f"round {round_}"})

    async def attended(count: int) -> bool:
        pipe = redis.pipeline(transaction=False)
        for name in names:
            pipe.hget(keys.LEDGER.key(mind=name), "attended")
        return bool(await pipe.execute() == [str(count)] * len(names))

    async with running(quick):
        async with running(quick) as second:

            async def both_serve() -> bool:
                alive = await alive_services(redis)
                return len(alive) == 2 and all(s.about["minds"] > 0 for s in alive)

            await think(1)
            await until(lambda: attended(1))
            await until(both_serve)
            second.cancel()
        await think(2)
        await until(lambda: attended(2))


@pytest.mark.parametrize("version", [WHEEL, DEBIAN])
async def test_a_redis_that_is_killed_and_comes_back(version: str, tmp_path: Path) -> None:
    # always: everysec lets Redis answer before it writes while a slow disk is busy
    server = RedisServer(programs()[version], tmp_path, "appendfsync always").start()
    streams = StreamConfig(working_memory_ttl_ms=2000, cycle_target_ms=5)
    settings = Settings(home=tmp_path, redis=RedisConfig(url=server.url), streams=streams)
    try:
        async with running(settings), Mind.connect("ana", settings=settings) as mind:
            ids = set(await mind.feed([_thought(n) for n in range(50)]))
            server.kill()
            server.start()

            async def all_fates() -> bool:
                try:
                    counted = await mind.audit()
                except RedisUnavailable:
                    return False  # a connection from before
                assert counted.faults == []
                return counted.adopted == 50 and not counted.competing + counted.intervening

            await until(all_fates)
            counted = await mind.audit()
            with server.client() as client:
                entries = client.xrange(keys.EPISODIC.key(mind="ana"))
    finally:
        server.stop()
    remembered = [fields["id"] for _, fields in entries]
    assert counted.anchored == len(remembered) == len(set(remembered))
    assert set(remembered) <= ids


def _thought(n: int) -> Any:
    from thoughtstream.attention.models import NewThought

    return NewThought(content=f"thought {n}", salience=0.9)


async def test_it_is_not_ready_before_it_serves_a_server(
    quick: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = list[int]()

    async def fail_once(_: Any) -> None:
        tries.append(len(tries))
        if len(tries) == 1:
            raise RedisUnavailable("as if it went away just now")

    monkeypatch.setattr(service, "switch_on", fail_once)
    async with running(quick):
        assert len(tries) == 2


async def test_a_wrong_password_ends_the_service(server: RedisServer, settings: Settings) -> None:
    wrong = RedisConfig(url=server.url, username="nobody", password="wrong")
    with pytest.raises(ConfigError, match=r"redis\.password"):
        async with running(settings.model_copy(update={"redis": wrong})):
            pass


_TWO_SECONDS = """
local function now() local t = redis.call('TIME'); return t[1] * 1000 + t[2] / 1000 end
local till = now() + 2000
while now() < till do end
"""


async def test_somebody_elses_script_that_runs_for_long_ends_nobody(
    redis: Any, server: RedisServer, quick: Settings
) -> None:
    """Redis says BUSY to everybody; it passes, and does nothing until then."""
    with server.client() as client:
        client.config_set("busy-reply-threshold", 50)
    at_once = quick.redis.model_copy(update={"patience_s": 0})
    hasty = quick.model_copy(update={"redis": at_once})
    async with running(quick), Mind.connect("ana", settings=hasty) as mind:
        script = asyncio.create_task(redis.eval(_TWO_SECONDS, 0))

        async def refused() -> bool:
            with pytest.raises(RedisUnavailable, match="can't do this just now: BUSY"):
                await mind.think("meanwhile")
            several = redis.pipeline(transaction=False).ping()
            with pytest.raises(RedisUnavailable, match="just now: BUSY"), typed_errors():
                await several.execute()
            return True

        async def is_busy() -> bool:
            try:
                await redis.ping()
            except ResponseError as error:
                return str(error).startswith("BUSY ")
            return False

        await until(is_busy)
        await until(refused)
        await script
        await mind.think("afterwards")

        async def remembered() -> bool:
            return [hit.content for hit in await mind.recall("afterwards")] == ["afterwards"]

        await until(remembered)
    with server.client() as client:
        client.config_set("busy-reply-threshold", 5000)


@pytest.mark.slow
async def test_a_service_that_begins_during_a_long_script_waits_for_its_end(
    redis: Any, server: RedisServer, quick: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with server.client() as client:
        client.config_set("busy-reply-threshold", 50)
    async with subscription(redis) as told:
        script = asyncio.create_task(redis.eval(_TWO_SECONDS, 0))
        with pytest.raises(ResponseError, match=r"^BUSY "):
            async with asyncio.timeout(20):
                while True:
                    told.ask("SUBSCRIBE", "any")
                    await anext(told.batches())
        async with running(quick), Mind.connect("ana", settings=quick) as mind:
            assert script.done()
            await mind.think("afterwards")
    assert "notifications.off" not in capsys.readouterr().out
    with server.client() as client:
        client.config_set("busy-reply-threshold", 5000)


async def test_a_service_stops_also_while_redis_refuses_writes(redis: Any, quick: Settings) -> None:
    try:
        async with running(quick):
            await redis.config_set("min-replicas-to-write", 1)
    finally:
        await redis.config_set("min-replicas-to-write", 0)


async def test_a_mind_found_while_its_server_is_being_lost_waits_for_it(
    redis: Any, quick: Settings
) -> None:
    membership = Membership(redis)
    await membership.renew(0)
    minds = Minds(redis, quick, membership)

    async def lose() -> None:
        raise ConnectionError

    with pytest.raises(ExceptionGroup) as lost:
        async with asyncio.TaskGroup() as group:
            with minds.on("", group, None):
                group.create_task(lose())
                try:
                    await asyncio.Event().wait()
                finally:
                    minds.known("ana", "sensory")
    assert [type(error) for error in lost.value.exceptions] == [ConnectionError]
    assert not minds.served
    async with asyncio.TaskGroup() as group:
        with minds.on("", group, None):
            assert minds.served == ("ana",)
