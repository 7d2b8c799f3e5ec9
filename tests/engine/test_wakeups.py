"""Who is told of writes, and what comes of it when the connection is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from thoughtstream import keys
from thoughtstream.store.wakeups import Wakeups, switch_on, wakeups

PROBE = keys.PROBE.key(id="probe")
WINDOWS = [keys.WINDOW.key(mind="ana", window=f"w{number}") for number in range(8)]


@asynccontextmanager
async def begun(redis: Redis) -> AsyncIterator[Wakeups]:
    """Notifications that come."""
    await switch_on(redis)

    async def write() -> None:
        await redis.xadd(PROBE, {"content": "-"})
        await redis.delete(PROBE)

    async with wakeups(redis) as told:
        assert await told.begin(PROBE, write)
        yield told


async def listen(told: Wakeups) -> None:
    async for _ in told.listen():
        pass


async def cut(redis: Redis) -> int:
    """Closes the connections of all who are told; returns how many there were."""
    return int(await redis.client_kill_filter(_type="pubsub"))


async def test_what_is_lost_stays_lost(redis: Redis) -> None:
    """A new connection would tell nothing of what was written in between."""
    async with begun(redis) as told:
        listening = asyncio.create_task(listen(told))
        await told.watch(WINDOWS[:1])
        assert await cut(redis) == 1
        with pytest.raises(ConnectionError):
            await listening
        with pytest.raises(ConnectionError):
            await told.watch(WINDOWS[1:])
        with pytest.raises(ConnectionError):
            told.unwatch(WINDOWS[:1])
        with pytest.raises(ConnectionError):
            await listen(told)
        assert await cut(redis) == 0


async def test_it_is_lost_for_everybody_while_many_use_it(redis: Redis) -> None:
    """Each loop has its windows watched on the one connection; whatever it was in the middle of
    when that is lost, it is told so, and nobody connects anew.
    """
    for _ in range(30):
        async with begun(redis) as told:

            async def use(windows: list[str], told: Wakeups = told) -> None:
                while True:
                    await told.watch(windows)
                    told.unwatch(windows)

            tasks = [asyncio.create_task(listen(told))]
            tasks += [asyncio.create_task(use([window])) for window in WINDOWS]
            await cut(redis)
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(end, ConnectionError | asyncio.CancelledError) for end in ends)
            assert await cut(redis) == 0


async def test_who_is_stopped_while_asking_to_be_told_stops_nobody_else(redis: Redis) -> None:
    """As when a mind moves to another service: the connection is everybody's."""
    async with begun(redis) as told:
        heard = asyncio.Queue[str]()

        async def hear() -> None:
            async for _, window_keys in told.listen():
                for key in window_keys:
                    heard.put_nowait(key)

        listening = asyncio.create_task(hear())
        await told.watch(WINDOWS[:1])
        for steps in range(30):
            if steps % 2:
                told.unwatch(WINDOWS[1:])
                continue
            task = asyncio.create_task(told.watch(WINDOWS[1:]))
            for _ in range(steps // 2):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        await redis.xadd(WINDOWS[0], {"content": "-"})
        async with asyncio.timeout(10):
            while await heard.get() != WINDOWS[0]:
                assert not listening.done()
        await told.watch(WINDOWS[1:])  # what was said in between is confirmed in its order
        listening.cancel()
        await asyncio.wait([listening])


async def test_other_settings_are_found_out(redis: Redis) -> None:
    """Nobody is told of writes, so nobody relies on it."""
    await redis.config_set("notify-keyspace-events", "KEg")
    try:

        async def write() -> None:
            await redis.xadd(PROBE, {"content": "-"})
            await redis.delete(PROBE)

        async with wakeups(redis) as told:
            assert not await told.begin(PROBE, write)
    finally:
        await redis.config_set("notify-keyspace-events", keys.NOTIFY_EVENTS)
