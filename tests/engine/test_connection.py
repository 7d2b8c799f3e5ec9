"""Connections: what the rest relies on, of any server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from thoughtstream import Mind
from thoughtstream.config import Settings
from thoughtstream.store.client import Client
from thoughtstream.store.connection import connect


@asynccontextmanager
async def stopped_while_talking(redis: Redis, *passing: type[Exception]) -> AsyncIterator[None]:
    """In the end a task that always talks to Redis is cancelled, which must end it at once."""
    asked = asyncio.Event()

    async def talk() -> None:
        while True:
            with suppress(*passing):
                await redis.echo("x")
            asked.set()

    task = asyncio.create_task(talk())
    await asked.wait()
    yield
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()


async def go_on(steps: int) -> None:
    """Lets others take so many steps."""
    for _ in range(steps):
        await asyncio.sleep(0)


async def test_a_task_that_always_talks_to_redis_can_be_stopped(redis: Redis) -> None:
    """Cancelled in the middle of any step of a command, however often, it ends at once."""
    for steps in range(40):
        async with stopped_while_talking(redis):
            await go_on(steps % 10)
    assert await redis.echo("still in order") == "still in order"


async def test_also_when_its_connection_is_lost_in_the_same_moment(redis: Redis) -> None:
    pool: Any = redis.connection_pool
    for steps in range(40):
        async with stopped_while_talking(redis, ConnectionError):
            await go_on(steps % 5)
            for connection in list(pool._in_use_connections):
                connection._abort()
            await go_on(steps // 5)


async def test_much_may_be_said_at_once(redis: Redis, settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        said = await asyncio.gather(*(mind.think(f"thought {n}") for n in range(150)))
    assert len(set(said)) == 150


async def test_who_is_cancelled_while_closing_has_closed_all(settings: Settings) -> None:
    for steps in range(6):
        redis = connect(settings.redis)
        await asyncio.gather(*(redis.echo("x") for _ in range(3)))
        pool: Any = redis.connection_pool
        connections = list(pool._available_connections)
        await closed_by_a_cancelled_task(redis, steps)
        assert [one for one in connections if one.is_connected] == []


async def test_a_client_that_was_closed_connects_no_more(settings: Settings) -> None:
    """Neither for what is asked of it then, nor for what was being connected for."""
    for steps in range(12):
        redis = connect(settings.redis)
        pool: Any = redis.connection_pool
        asking = [asyncio.ensure_future(redis.echo("x")) for _ in range(3)]
        await go_on(steps)
        connections = [*pool._available_connections, *pool._in_use_connections]
        await redis.aclose()
        for task in (*asking, late := asyncio.ensure_future(redis.echo("late"))):
            await asyncio.wait([task])
        connections += [*pool._available_connections, *pool._in_use_connections]
        assert [one for one in connections if one.is_connected] == []
        assert isinstance(late.exception(), ConnectionError)


async def closed_by_a_cancelled_task(redis: Client, steps: int) -> None:
    """Closed by a task that is cancelled again so many steps later."""

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await redis.aclose()

    task = asyncio.create_task(work())
    await go_on(1)
    task.cancel()
    await go_on(steps)
    task.cancel()
    await asyncio.wait([task])
