"""Connections: what the rest relies on, of any server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from tests.services import until
from thoughtstream import Mind
from thoughtstream.config import Settings
from thoughtstream.store.connection import open_client


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
                connection.abort()
            await go_on(steps // 5)


async def test_a_client_that_is_closed_by_who_is_cancelled_meanwhile_is_closed(
    redis: Redis, settings: Settings
) -> None:
    for steps in range(1, 6):
        client: Any = await open_client(settings.redis)
        await asyncio.gather(*(client.echo("x") for _ in range(3)))
        closing = asyncio.create_task(client.aclose())
        await go_on(steps)
        closing.cancel()
        await asyncio.wait({closing})

        async def alone() -> bool:
            return len(await redis.client_list()) == 1

        await until(alone, most_s=5)


async def test_much_may_be_said_at_once(redis: Redis, settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        said = await asyncio.gather(*(mind.think(f"thought {n}") for n in range(150)))
    assert len(set(said)) == 150
