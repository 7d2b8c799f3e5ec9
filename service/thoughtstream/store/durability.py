"""What an acknowledged write has survived: nothing yet, an fsync, or a replica."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from redis.exceptions import ResponseError

from thoughtstream.config import ConfigError, Durability
from thoughtstream.errors import RedisUnavailable
from thoughtstream.store.client import Client
from thoughtstream.store.outages import OUTAGES

_LOOK_S = 0.05
_WAIT_MS = 1000
"""Of one WAIT: well under the time that an answer may take."""

_DEMOTED = ("UNBLOCKED", "cannot be used with replica instances")
"""What a server says to those who wait on it when it ceases to be a master."""


async def check(redis: Client, durability: Durability, key: str) -> None:
    """Whether the server that has this key can promise this at all; asked before anything is
    written. In a cluster a replica that is away for a moment is waited for.

    Raises:
        ConfigError: it can't; the message names the setting and the cure.
        RedisUnavailable: no replica came back in time.
    """
    if durability == "disk":
        if not await _knows(redis, "WAITAOF", key):
            raise ConfigError("memory.durability: disk needs Redis 7.2 or newer (WAITAOF)")
        if not (await _info(redis, "persistence", key)).get("aof_enabled"):
            raise ConfigError("memory.durability: disk needs `appendonly yes` on the server")
    elif durability == "replicas" and not await _has_replica(redis, key):
        if not await redis.cluster_nodes():
            raise ConfigError("memory.durability: replicas needs a replica, and none is connected")
        server = redis.server_of(key) or "the slot's master"
        raise RedisUnavailable(
            f"{server} has no replica just now, and durability `replicas` needs one; nothing was "
            "written"
        )


async def _has_replica(redis: Client, key: str) -> bool:
    async def is_there() -> bool:
        return bool((await _info(redis, "replication", key)).get("connected_slaves"))

    if await is_there():
        return True
    clock = asyncio.get_running_loop().time
    end = clock() + (redis.patience_s if await redis.cluster_nodes() else 0)
    while not await is_there():
        if clock() >= end:
            return False
        await asyncio.sleep(_LOOK_S)
        with suppress(*OUTAGES):
            await redis.look_again()  # it may be a replica itself by now, which nothing else tells
    return True


async def is_reached(
    redis: Any,
    durability: Durability,
    timeout_ms: int,
    confirm: Callable[[], Awaitable[None]],
) -> bool:
    """Wait until what this connection wrote is as durable as asked for; False: not in time.

    `redis`: as `Client.pinned` gave it. `confirm`: makes sure, by a write, that what was written is
    still there; called if the server has restarted, or another has taken over, since.

    Source: WAITAOF, WAIT.
    """
    if durability == "memory":
        return True
    clock = asyncio.get_running_loop().time
    end = clock() + timeout_ms / 1000
    while (left_ms := int((end - clock()) * 1000)) > 0:
        try:
            if await _wait(redis, durability, min(left_ms, _WAIT_MS)):
                return True
        except (*OUTAGES, ResponseError) as error:
            if not _is_another_server_now(error):
                raise
            await confirm()
    return False


def _is_another_server_now(error: Exception) -> bool:
    return isinstance(error, OUTAGES) or any(text in str(error) for text in _DEMOTED)


async def _wait(redis: Any, durability: Durability, timeout_ms: int) -> bool:
    if durability == "disk":
        local, _ = await redis.execute_command("WAITAOF", 1, 0, timeout_ms)
        return bool(local)
    return bool(await redis.execute_command("WAIT", 1, timeout_ms))


async def _knows(redis: Client, command: str, key: str) -> bool:
    ask: Any = redis.execute_command
    return bool(await ask("COMMAND LIST", "FILTERBY", "PATTERN", command, near=key))


async def _info(redis: Client, section: str, key: str) -> dict[str, Any]:
    answer: Any = await redis.info(section, near=key)
    return dict(answer)
