"""Windows are found without hearing of every key, and without looking through all of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.servers import RedisServer
from tests.services import ServiceProcess, running, until
from thoughtstream import Mind, keys
from thoughtstream.colony import Colony
from thoughtstream.config import Settings
from thoughtstream.coordination.cache import GenerationCache
from thoughtstream.coordination.membership import Membership, alive_services
from thoughtstream.coordination.packets import Packet
from thoughtstream.coordination.registry import Registry
from thoughtstream.store.connection import connect
from thoughtstream.store.subscription import subscription

MANY = 10_000
REGISTRY = keys.FOUND.key(part="0")


async def think(redis: Any, *names: str) -> None:
    """One plain XADD each, to a window that nobody has."""
    for name in names:
        await redis.xadd(keys.WINDOW.key(mind=name, window="new"), {"content": "is anybody there?"})


async def attended(redis: Any, *names: str) -> bool:
    return all([await redis.hget(keys.LEDGER.key(mind=name), "attended") == "1" for name in names])


async def remembered(redis: Any, *names: str) -> bool:
    return all([await redis.hget(keys.LEDGER.key(mind=name), "anchored") == "1" for name in names])


async def hearing(redis: Any) -> int:
    """How many hear of every window."""
    return int(await redis.execute_command("PUBSUB", "NUMPAT"))


async def scout(redis: Any) -> int:
    """The process that is to hear of every window."""
    member = Membership(redis)
    alive = {one.id: int(one.about["pid"]) for one in await alive_services(redis)}
    member.alive = frozenset(alive)
    for member.id in alive:
        if member.serves(""):
            return alive[member.id]
    raise AssertionError(alive)


async def served(redis: Any, services: int) -> int:
    """How many minds so many services have found together; 0 while there are others."""
    alive = await alive_services(redis)
    return sum(int(one.about["minds"]) for one in alive) if len(alive) == services else 0


@asynccontextmanager
async def eavesdropped(redis: Redis) -> AsyncIterator[list[Any]]:
    """All that the server says, in the context, to anybody who listens now."""
    heard: list[Any] = []
    last = keys.PROBE.key(id="last")
    channel = keys.write_channel(last).encode()
    async with subscription(redis) as told:
        told.ask("PSUBSCRIBE", keys.write_channel(keys.WINDOW.glob))
        told.ask("SUBSCRIBE", *map(str, await redis.pubsub_channels()), channel.decode())
        async for messages in told.batches():
            if [b"subscribe", channel] in [message[:2] for message in messages]:
                break
        yield heard
        await redis.xadd(last, {"content": "-"})
        await redis.delete(last)
        async for messages in told.batches():
            heard += [message for message in messages if message[-2] != channel]
            if channel in [message[-2] for message in messages]:
                break


async def test_who_does_not_own_packets_and_cache_entries_hears_of_none(
    redis: Any, quick: Settings
) -> None:
    async with running(quick), Colony.connect(settings=quick) as colony:
        await think(redis, "ana", "bob")
        await until(lambda: remembered(redis, "ana", "bob"))
        await until(lambda: hearing(redis))
        async with eavesdropped(redis) as heard:
            pipe = redis.pipeline(transaction=False)
            for number in range(MANY):
                pipe.set(keys.CACHE.key(key=str(number)), "{}", ex=3600)
                pipe.set(keys.PACKET.key(id=str(number)), "{}", ex=86_400)
            await pipe.execute()
            await colony.dispatch(Packet("seed", "weather", "rain", targets=("nobody",)))
            async with connect(quick.redis) as client:
                assert await GenerationCache(client).get_or_compute("k", lambda: 1) == 1
        assert heard == []
        async with eavesdropped(redis) as heard:
            await redis.xadd(keys.WINDOW.key(mind="ana", window="new"), {"content": "again"})
        assert heard  # so they would have been heard


@pytest.mark.slow
async def test_another_scout_finds_what_was_written_while_there_was_none(
    redis: Any, server: RedisServer, tmp_path: Path
) -> None:
    services = [ServiceProcess(server.url, tmp_path / f"{n}").start() for n in range(2)]
    try:
        for service in services:
            service.wait_until_ready()

        async def one_hears() -> bool:
            return len(await alive_services(redis)) == 2 and await hearing(redis) == 1

        async def nobody_hears() -> bool:
            return not await hearing(redis)

        await until(one_hears)
        pid = await scout(redis)
        next(service for service in services if service.pid == pid).kill()
        await until(nobody_hears)
        names = [f"mind {number}" for number in range(10)]
        await think(redis, *names)
        await until(lambda: attended(redis, *names))
        await until(lambda: hearing(redis))
        await think(redis, "late")
        await until(lambda: attended(redis, "late"))
    finally:
        for service in services:
            service.stop()


async def test_a_start_reads_the_registry(redis: Any, quick: Settings) -> None:
    """A mind that is in it but has no keys any more is forgotten, and not made anew."""
    await redis.sadd(REGISTRY, keys.ALL_FOUND, keys.WINDOW.key(mind="ana", window="new"))
    async with running(quick):

        async def is_served() -> bool:
            return await served(redis, 1) == 1

        async def is_forgotten() -> bool:
            return bool(await redis.smembers(REGISTRY) == {keys.ALL_FOUND})

        await until(is_served)
        await until(is_forgotten)
        assert [key async for key in redis.scan_iter("*ana*")] == []
        await think(redis, "ana")
        await until(lambda: attended(redis, "ana"))


async def test_windows_that_are_there_no_more_are_forgotten(redis: Any) -> None:
    registry = Registry(redis, redis, "")
    for name in ("ana", "bob"):
        for window in (keys.STANDARD_WINDOWS[2], "new"):
            await redis.xadd(keys.WINDOW.key(mind=name, window=window), {"content": "-"})
    [page] = [page async for page in registry.made_anew()]
    assert len(page) == 4
    await redis.delete(keys.WINDOW.key(mind="ana", window="new"))
    await redis.delete(keys.WINDOW.key(mind="bob", window=keys.STANDARD_WINDOWS[2]))
    await registry.tidy()
    left = {
        keys.WINDOW.key(mind="ana", window=keys.STANDARD_WINDOWS[0]),
        keys.WINDOW.key(mind="bob", window="new"),
    }
    assert await redis.smembers(REGISTRY) == left | {keys.ALL_FOUND}


async def test_a_registry_that_is_lost_is_made_anew(redis: Any, quick: Settings) -> None:
    names = [f"mind {number}" for number in range(20)]
    async with running(quick):
        await think(redis, *names)
        await until(lambda: remembered(redis, *names))
        await redis.delete(REGISTRY)
        async with running(quick):

            async def all_are_served() -> bool:
                return await served(redis, 2) == len(names)

            await until(all_are_served)
            members = {
                keys.WINDOW.key(mind=name, window=window)
                for name in names
                for window in ("new", keys.STANDARD_WINDOWS[0])
            }
            assert await redis.smembers(REGISTRY) == members | {keys.ALL_FOUND}


async def test_a_window_is_announced_once(redis: Any) -> None:
    registry, window = Registry(redis, redis, ""), keys.WINDOW.key(mind="ana", window="é")
    no_text = keys.WINDOW.key(mind="ana", window="é\udcff")
    async with subscription(redis) as told:
        told.ask("SUBSCRIBE", keys.FOUND_CHANNEL)
        async for [_] in told.batches():
            break
        other = [keys.WINDOW.key(mind="bob", window=window) for window in keys.STANDARD_WINDOWS]
        for windows in ([no_text], [window], [window], [window, *other], other[1:], other[1:2]):
            await registry.announce(windows)
        last = keys.WINDOW.key(mind="bob", window="last")
        await registry.announce([last])
        heard = b""
        async for messages in told.batches():
            heard += b"".join(message[-1] + b"\n" for message in messages)
            if heard.endswith(b"last\n"):
                break
    assert heard.decode().split() == [window, other[0], last]


async def test_a_mind_is_found_by_whoever_serves_it(redis: Any, quick: Settings) -> None:
    """One of the services hears of the windows; the minds are spread over all."""
    names = [f"mind {number}" for number in range(20)]
    async with running(quick), running(quick):

        async def both_know() -> bool:
            return await hearing(redis) == 1 and len(await alive_services(redis)) == 2

        await until(both_know)
        await think(redis, *names)
        await until(lambda: attended(redis, *names))
        async with Mind.connect(names[0], settings=quick) as mind:
            assert (await mind.audit()).faults == []
