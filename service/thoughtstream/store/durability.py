"""What an acknowledged write has survived: nothing yet, an fsync, or a replica."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from thoughtstream.config import ConfigError, Durability
from thoughtstream.store.connection import Client


@asynccontextmanager
async def pinned(redis: Client) -> AsyncIterator[Client]:
    """One connection for a write and the wait for it: Redis waits for the writes of the same."""
    if not isinstance(redis, Redis):
        yield redis
        return
    async with redis.client() as one:
        yield one


async def check(redis: Client, durability: Durability) -> None:
    """Whether the server can promise this at all; asked before anything is written.

    Raises:
        ConfigError: it can't; the message names the setting and the cure.
    """
    if durability == "disk":
        if not await _knows(redis, "WAITAOF"):
            raise ConfigError("memory.durability: disk needs Redis 7.2 or newer (WAITAOF)")
        if not (await _info(redis, "persistence")).get("aof_enabled"):
            raise ConfigError("memory.durability: disk needs `appendonly yes` on the server")
    elif durability == "replicas" and not (await _info(redis, "replication")).get(
        "connected_slaves"
    ):
        raise ConfigError("memory.durability: replicas needs a replica, and none is connected")


async def is_reached(redis: Client, durability: Durability, timeout_ms: int) -> bool:
    """Wait until what this connection wrote is as durable as asked for; False: not in time.

    Source: WAITAOF, WAIT.
    """
    if durability == "disk":
        local, _ = await redis.execute_command("WAITAOF", 1, 0, timeout_ms)
        return bool(local)
    if durability == "replicas":
        return bool(await redis.execute_command("WAIT", 1, timeout_ms))
    return True


async def _knows(redis: Client, command: str) -> bool:
    found: Any = await redis.execute_command("COMMAND LIST", "FILTERBY", "PATTERN", command)
    return bool(found)


async def _info(redis: Client, section: str) -> dict[str, Any]:
    answer: Any = await redis.info(section)
    return dict(answer)
