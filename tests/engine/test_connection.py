"""Connections: what the rest relies on, of any server."""

import asyncio

from redis.asyncio import Redis


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
