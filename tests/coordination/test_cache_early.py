"""A value that is read is computed anew before it ends, by one, and nobody waits for it."""

import asyncio
import random
import time
from typing import Any

import pytest

from tests.coordination.test_cache import SOON_S, Compute
from thoughtstream.coordination import early
from thoughtstream.coordination.cache import GenerationCache
from thoughtstream.coordination.early import Ends
from thoughtstream.store.client import Client


async def commands(redis: Client) -> dict[str, int]:
    """How often each was called since the server's counts were reset."""
    stats: Any = await redis.info("commandstats")
    return {name.removeprefix("cmdstat_"): int(one["calls"]) for name, one in stats.items()}


async def test_a_hit_is_one_get(redis: Client) -> None:
    async with GenerationCache(redis) as writer, GenerationCache(redis) as reader:
        await writer.get_or_compute("k", lambda: 1)
        await redis.config_resetstat()
        for _ in range(1000):
            assert await reader.get_or_compute("k", lambda: 2) == 1
        said = await commands(redis)
    assert said["get"] == 1000
    assert said.get("fcall", 0) <= 1


async def test_values_that_are_read_once_cost_one_get_each(redis: Client) -> None:
    async with GenerationCache(redis) as writer, GenerationCache(redis) as reader:
        for n in range(100):
            await writer.set(f"k{n}", n)
        await redis.config_resetstat()
        for n in range(100):
            assert await reader.get_or_compute(f"k{n}", lambda: None) == n
        said = await commands(redis)
    assert said["get"] == 100
    assert "fcall" not in said


async def test_one_computes_anew_while_all_others_hit(redis: Client) -> None:
    """Near the end: half a second of computing, and a third of a second is left."""
    caches = [GenerationCache(redis) for _ in range(10)]
    compute = Compute()

    async def slowly() -> int:
        await asyncio.sleep(0.5)
        return await compute()

    assert await caches[0].get_or_compute("k", slowly, ttl_s=1.5) == 1
    longest, values = 0.0, list[Any]()
    async with asyncio.timeout(SOON_S):
        while not values or values[-1] == 1:
            for cache in caches:
                start = time.monotonic()
                values.append(await cache.get_or_compute("k", slowly, ttl_s=60))
                longest = max(longest, time.monotonic() - start)
            await asyncio.sleep(0.01)
    for cache in caches:
        await cache.aclose()
    assert set(values) == {1, 2}
    assert compute.calls == 2
    assert longest < 0.4, "somebody waited for the computation"


async def test_a_failure_in_the_background_is_nobodys(redis: Client) -> None:
    async with GenerationCache(redis) as cache:

        async def slowly() -> int:
            await asyncio.sleep(0.3)
            return 1

        def fail() -> None:
            calls.append(1)
            raise ZeroDivisionError

        calls: list[int] = []
        await cache.get_or_compute("k", slowly, ttl_s=0.5)
        while not calls:
            assert await cache.get_or_compute("k", fail) == 1
            await asyncio.sleep(0.01)


async def test_while_one_computes_anew_the_others_do_not_ask_again(redis: Client) -> None:
    async with GenerationCache(redis) as one, GenerationCache(redis) as other:

        async def slowly() -> int:
            await asyncio.sleep(1)
            return 0

        await one.get_or_compute("k", slowly, ttl_s=2)
        compute = Compute(held=True)
        while not compute.began.is_set():
            await one.get_or_compute("k", compute)
            await asyncio.sleep(0.01)
        await redis.config_resetstat()
        for _ in range(100):
            assert await other.get_or_compute("k", compute) == 0
            await asyncio.sleep(0)
        assert (await commands(redis))["fcall"] == 1


async def test_a_failure_is_not_tried_again_at_each_hit(redis: Client) -> None:
    async with GenerationCache(redis) as cache:

        async def slowly() -> int:
            await asyncio.sleep(1)
            return 0

        async def fail() -> None:
            failed.set()
            raise ZeroDivisionError

        failed = asyncio.Event()
        await cache.get_or_compute("k", slowly, ttl_s=2)
        while not failed.is_set():
            await cache.get_or_compute("k", fail)
            await asyncio.sleep(0.01)
        await asyncio.gather(*cache._refreshing.values())
        await redis.config_resetstat()
        for _ in range(100):
            await cache.get_or_compute("k", fail)
            await asyncio.sleep(0)
        assert "fcall" not in await commands(redis)


async def test_closing_ends_what_goes_on_and_frees_the_key(redis: Client) -> None:
    compute = Compute(held=True)
    async with GenerationCache(redis) as cache:

        async def slowly() -> int:
            await asyncio.sleep(0.5)
            return 0

        await cache.get_or_compute("k", slowly, ttl_s=0.7)
        async with asyncio.timeout(SOON_S):
            while not compute.began.is_set():
                assert await cache.get_or_compute("k", compute) == 0
                await asyncio.sleep(0.01)
    await redis.delete("deepcode:cache:k")
    async with asyncio.timeout(1):
        assert await GenerationCache(redis).get_or_compute("k", lambda: "next") == "next"


def test_the_draws_are_those_of_the_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    """P(early) = e^(-left / cost)."""
    monkeypatch.setattr(early, "random", random.Random(1))
    monkeypatch.setattr("time.monotonic", lambda: 1000.0)
    ends = Ends()
    for left_s, probability in ((0.5, 0.607), (1, 0.368), (2, 0.135), (20, 0)):
        ends.note("k", left_s, 1)
        early_ones = sum(ends.draw("k") is not None for _ in range(20_000))
        assert early_ones / 20_000 == pytest.approx(probability, abs=0.015)


def test_what_is_remembered_is_bounded() -> None:
    ends = Ends(most=3)
    for n in range(10):
        ends.note(f"k{n}", 1000, 0)
    assert list(ends._ends) == ["k7", "k8", "k9"]
