"""Connections: what the rest relies on, of any server."""

import asyncio
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from thoughtstream import Mind
from thoughtstream.config import Settings


async def test_a_task_that_always_talks_to_redis_can_be_stopped(redis: Redis) -> None:
    """Cancelled in the middle of any step of a command, however often, it ends at once."""
    for steps in range(40):
        asked = asyncio.Event()

        async def talk(asked: asyncio.Event = asked) -> None:
            while True:
                await redis.echo("x")
                asked.set()

        task = asyncio.create_task(talk())
        await asked.wait()
        for _ in range(steps % 10):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=5)
        assert task.cancelled(), f"after {steps % 10} more steps"
    assert await redis.echo("still in order") == "still in order"


async def test_also_when_its_connection_is_lost_in_the_same_moment(redis: Redis) -> None:
    pool: Any = redis.connection_pool
    for steps in range(40):
        asked = asyncio.Event()

        async def talk(asked: asyncio.Event = asked) -> None:
            while True:
                with suppress(ConnectionError):
                    await redis.echo("x")
                asked.set()

        task = asyncio.create_task(talk())
        await asked.wait()
        for _ in range(steps % 5):
            await asyncio.sleep(0)
        for connection in list(pool._in_use_connections):
            connection._abort()
        for _ in range(steps // 5):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=5)
        assert task.cancelled(), f"after {steps % 5} and {steps // 5} more steps"


async def test_much_may_be_said_at_once(redis: Redis, settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        said = await asyncio.gather(*(mind.think(f"thought {n}") for n in range(150)))
    assert len(set(said)) == 150
