"""Who is told of writes, and what comes of it when the connection is lost."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from thoughtstream import keys
from thoughtstream.store.wakeups import Wakeups, switch_on

PROBE = keys.WINDOW.key(mind="probe", window="sensory")
WINDOWS = [keys.WINDOW.key(mind="ana", window=f"w{number}") for number in range(8)]


async def begun(redis: Redis) -> Wakeups:
    """Notifications that come."""
    await switch_on(redis)
    await redis.delete(PROBE)
    wakeups = Wakeups(redis)

    async def make() -> None:
        await redis.xadd(PROBE, {"content": "-"})

    assert await wakeups.begin(PROBE, make)
    return wakeups


async def told(wakeups: Wakeups) -> None:
    async for _ in wakeups.listen():
        pass


async def cut(redis: Redis) -> int:
    """Closes the connections of all who are told; returns how many there were."""
    return int(await redis.client_kill_filter(_type="pubsub"))


async def test_what_is_lost_stays_lost(redis: Redis) -> None:
    """A new connection would tell nothing of what was written in between."""
    wakeups = await begun(redis)
    listening = asyncio.create_task(told(wakeups))
    await wakeups.watch(WINDOWS[:1])
    assert await cut(redis) == 1
    with pytest.raises(ConnectionError):
        await listening
    with pytest.raises(ConnectionError):
        await wakeups.watch(WINDOWS[1:])
    with pytest.raises(ConnectionError):
        await wakeups.unwatch(WINDOWS[:1])
    with pytest.raises(ConnectionError):
        await told(wakeups)
    assert await cut(redis) == 0
    await wakeups.close()


async def test_it_is_lost_for_everybody_while_many_use_it(redis: Redis) -> None:
    """Each loop has its windows watched on the one connection; whatever it was in the middle of
    when that is lost, it is told so, and nobody connects anew.
    """
    for _ in range(30):
        wakeups = await begun(redis)

        async def use(windows: list[str], wakeups: Wakeups = wakeups) -> None:
            while True:
                await wakeups.watch(windows)
                await wakeups.unwatch(windows)

        tasks = [asyncio.create_task(told(wakeups))]
        tasks += [asyncio.create_task(use([window])) for window in WINDOWS]
        await cut(redis)
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, ConnectionError | asyncio.CancelledError) for end in ends), ends
        assert await cut(redis) == 0
        await wakeups.close()


async def test_who_is_stopped_while_asking_to_be_told_stops_nobody_else(redis: Redis) -> None:
    """As when a mind moves to another service: the connection is everybody's."""
    wakeups = await begun(redis)
    heard = asyncio.Queue[str]()

    async def listen() -> None:
        async for key in wakeups.listen():
            heard.put_nowait(key)

    listening = asyncio.create_task(listen())
    await wakeups.watch(WINDOWS[:1])
    for steps in range(30):
        change = wakeups.unwatch if steps % 2 else wakeups.watch
        task = asyncio.create_task(change(WINDOWS[1:]))
        for _ in range(steps // 2):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await redis.xadd(WINDOWS[0], {"content": "-"})
    async with asyncio.timeout(10):
        while await heard.get() != WINDOWS[0]:
            assert not listening.done()
    listening.cancel()
    await asyncio.wait([listening])
    await wakeups.close()
