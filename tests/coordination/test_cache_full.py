"""A Redis that is full, and scratch: what can't be kept is computed all the same."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.coordination.test_cache import SOON_S, until, until_waiting
from thoughtstream import keys
from thoughtstream.config import CacheConfig
from thoughtstream.coordination.cache import GenerationCache, Scratch
from thoughtstream.errors import InvalidValue, MemoryFull
from thoughtstream.store.client import Client


async def fill(redis: Client) -> None:
    """Full of what can't be evicted."""
    for n in range(8):
        key = keys.UNCONSCIOUS.key(mind=f"mind {n}")
        await redis.xadd(key, {"content": "x" * 1_000_000})
    await redis.config_set("maxmemory", "5mb")


@pytest.fixture
async def room(redis: Client) -> AsyncIterator[None]:
    """There is room again at the end."""
    yield
    await redis.config_set("maxmemory", "0")


@pytest.mark.usefixtures("room")
async def test_what_cannot_be_kept_is_said_or_returned(redis: Client) -> None:
    async with GenerationCache(redis) as cache:
        await redis.set("deepcode:cache:forever", '"there"')
        await cache.delete("k")  # the server knows our Functions: full, it takes no new ones
        await fill(redis)
        assert await cache.get("forever") == "there"
        with pytest.raises(MemoryFull, match="the value was not kept; raise maxmemory"):
            await cache.set("k", 1)
        with pytest.raises(MemoryFull, match="the value was not kept; raise maxmemory"):
            await Scratch(redis).set("k", 1, ttl_s=60)
        assert await cache.get_or_compute("k", lambda: 2) == 2
        assert await cache.get("k") is None
        assert await cache.delete("forever")


@pytest.mark.usefixtures("room")
async def test_who_waited_while_it_filled_does_not_hang(redis: Client) -> None:
    go = asyncio.Event()

    async def compute() -> int:
        await go.wait()
        return 1

    caches = [GenerationCache(redis, CacheConfig(lease_s=1)) for _ in range(5)]
    asking = [asyncio.create_task(cache.get_or_compute("k", compute)) for cache in caches]
    await until_waiting(redis, "k", 4)
    await redis.persist(keys.FLIGHT.key(key="k"))  # it stays, so that its end is told
    await fill(redis)
    go.set()
    async with asyncio.timeout(SOON_S):
        assert await asyncio.gather(*asking) == [1] * 5


async def test_who_waited_for_what_is_too_large_computes_at_once(redis: Client) -> None:
    """All of them side by side, as if there were no cache."""
    config, at_once, go = CacheConfig(value_bytes=256), 0, asyncio.Event()
    together = asyncio.Event()

    async def compute() -> str:
        nonlocal at_once
        await go.wait()
        at_once += 1
        if at_once == 5:
            together.set()
        if at_once > 1:
            await together.wait()
        return "x" * 300

    caches = [GenerationCache(redis, config) for _ in range(5)]
    asking = [asyncio.create_task(cache.get_or_compute("k", compute)) for cache in caches]
    await until_waiting(redis, "k", 4)
    go.set()
    async with asyncio.timeout(SOON_S):
        assert await asyncio.gather(*asking) == ["x" * 300] * 5


# --- scratch -------------------------------------------------------------------------------------
async def test_scratch_keeps_for_a_time(redis: Client) -> None:
    scratch = Scratch(redis)
    await scratch.set("a {b}", {"step": 2}, ttl_s=60)
    assert await scratch.get("a {b}") == {"step": 2}
    assert await redis.ttl("deepcode:scratch:a %7Bb%7D") in (59, 60)
    assert await scratch.delete("a {b}")
    assert not await scratch.delete("a {b}")
    assert await scratch.get("a {b}", "none") == "none"
    await scratch.set("brief", 1, ttl_s=0.05)

    async def gone() -> bool:
        return await scratch.get("brief") is None

    await until(gone)


async def test_scratch_keeps_for_a_day_at_most(redis: Client) -> None:
    with pytest.raises(InvalidValue, match=r"ttl_s: is 86401; give seconds, 0\.001 to 86400"):
        await Scratch(redis).set("k", 1, ttl_s=86_401)
