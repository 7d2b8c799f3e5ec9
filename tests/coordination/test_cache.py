"""The generation cache: plain clients share it, one computes for all, and nothing late is kept."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis.crc import key_slot

from tests import clusters
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import keys
from thoughtstream.acl import acl_rules
from thoughtstream.config import CacheConfig, RedisConfig
from thoughtstream.coordination.cache import _LISTEN_S, GenerationCache, Scratch
from thoughtstream.errors import InvalidValue
from thoughtstream.store.client import Client
from thoughtstream.store.connection import connect, open_client

VALUE = {"code": "print('grüße 日本')", "n": [1, 2.5, None, True], "odd": "\ud800"}
NAMES = ["k", "a b", "a{b}c", "{}", "}x{", "50%", "a:b:c", "日本語 ключ", "two\nlines", "x" * 1000]
SOON_S = 10


@pytest.fixture
async def cache(redis: Client) -> AsyncIterator[GenerationCache]:
    async with GenerationCache(redis) as made:
        yield made


class Compute:
    """Gives 1, then 2, …; each time it begins it can be held up."""

    def __init__(self, *, held: bool = False) -> None:
        self.calls = 0
        self.began = asyncio.Event()
        self.go = asyncio.Event()
        if not held:
            self.go.set()

    async def __call__(self) -> int:
        self.calls += 1
        number = self.calls
        self.began.set()
        await self.go.wait()
        return number


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Waits for what only Redis can tell."""
    end = time.monotonic() + SOON_S
    while not await condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def until_waiting(redis: Any, key: str, count: int) -> None:
    """So many callers of other caches wait for a key."""

    async def wait() -> bool:
        fields = await redis.hkeys(keys.FLIGHT.key(key=key))
        return len([field for field in fields if field.startswith("waiter:")]) == count

    await until(wait)


# --- plain clients -------------------------------------------------------------------------------
async def test_what_we_write_any_client_reads(server: RedisServer, cache: GenerationCache) -> None:
    await cache.set("k", VALUE)
    await cache.get_or_compute("computed", lambda: VALUE, ttl_s=60)
    with server.client() as client:
        for key, ttl in (("k", 3600), ("computed", 60)):
            found: Any = client.get(f"deepcode:cache:{key}")
            assert json.loads(found) == VALUE
            left: Any = client.ttl(f"deepcode:cache:{key}")
            assert ttl - 5 < left <= ttl


@pytest.mark.parametrize("name", NAMES)
async def test_a_key_may_be_any_text(name: str, cache: GenerationCache) -> None:
    await cache.set(f"{name[:990]} too", "another")
    assert await cache.get_or_compute(name, lambda: 1) == 1
    assert await cache.get(name) == 1
    assert await cache.delete(name)
    assert await cache.get(name, "none") == "none"
    assert await cache.get(f"{name[:990]} too") == "another"


@pytest.mark.parametrize("name", NAMES)
def test_all_about_a_key_is_in_the_slot_of_the_value(name: str) -> None:
    value, *rest = (family.key(key=name) for family in keys.GENERATION)
    rest.append(keys.FLIGHT_BELL.key(key=name, id="x"))
    assert {key_slot(key.encode()) for key in rest} == {key_slot(value.encode())}


async def test_a_key_that_is_no_name_is_a_clear_error(cache: GenerationCache) -> None:
    for name in ("", "x" * 1001):
        with pytest.raises(InvalidValue, match=r"key: .*hash"):
            await cache.get(name)


# --- values --------------------------------------------------------------------------------------
async def test_none_is_a_value(cache: GenerationCache) -> None:
    compute = Compute()
    assert await cache.get_or_compute("k", lambda: None) is None
    assert await cache.get_or_compute("k", compute) is None
    assert await cache.get("k", "default") is None
    assert compute.calls == 0


async def test_who_computes_gets_what_a_hit_gives(cache: GenerationCache) -> None:
    assert await cache.get_or_compute("k", lambda: {1: (2, 3)}) == {"1": [2, 3]}
    assert await cache.get("k") == {"1": [2, 3]}


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), b"bytes", object()])
async def test_what_is_no_json_is_a_clear_error(value: Any, cache: GenerationCache) -> None:
    for attempt in (cache.set("k", value), cache.get_or_compute("k", lambda: value)):
        with pytest.raises(InvalidValue, match=r"value: is no JSON .*; give"):
            await attempt
    assert await cache.get_or_compute("k", lambda: "now it is") == "now it is"


async def test_a_value_that_is_too_large(redis: Client) -> None:
    async with GenerationCache(redis, CacheConfig(value_bytes=256)) as cache:
        with pytest.raises(InvalidValue, match=r"has 257 bytes .*256 \(cache\.value_bytes\): keep"):
            await cache.set("k", "x" * 255)
        assert await cache.get_or_compute("k", lambda: "x" * 255) == "x" * 255
        assert await cache.get("k") is None
        await cache.set("k", "x" * 254)


@pytest.mark.parametrize("ttl_s", [0, -1, float("nan"), float("inf"), 0.0001])
async def test_a_time_to_live_that_is_none(ttl_s: float, redis: Client) -> None:
    cache, scratch = GenerationCache(redis), Scratch(redis)
    for attempt in (
        cache.set("k", 1, ttl_s=ttl_s),
        cache.get_or_compute("k", lambda: 1, ttl_s=ttl_s),
        scratch.set("k", 1, ttl_s=ttl_s),
    ):
        with pytest.raises(InvalidValue, match=r"ttl_s: is .*; give seconds"):
            await attempt


async def test_somebody_elses_value_that_is_no_json(redis: Client, cache: GenerationCache) -> None:
    await redis.set("deepcode:cache:k", "{not json", ex=60)
    with pytest.raises(InvalidValue, match=r"deepcode:cache:k: holds no JSON .*; delete it"):
        await cache.get("k")
    assert await cache.get_or_compute("k", lambda: 1) == 1
    assert await cache.get("k") == 1


# --- one computes --------------------------------------------------------------------------------
async def test_a_thousand_waiting_in_one_process_are_one(
    redis: Client, cache: GenerationCache
) -> None:
    compute = Compute(held=True)
    asking = [asyncio.create_task(cache.get_or_compute("k", compute)) for _ in range(1000)]
    await compute.began.wait()
    compute.go.set()
    async with asyncio.timeout(SOON_S):
        assert await asyncio.gather(*asking) == [1] * 1000


async def test_a_thousand_waiting_for_others_are_woken(redis: Client) -> None:
    """As if each were a process of its own; more than may have a connection of their own."""
    caches = [GenerationCache(redis) for _ in range(1000)]
    for cache in caches:
        cache._listening, cache._asking = caches[0]._listening, caches[0]._asking
    compute = Compute(held=True)
    asking = [asyncio.create_task(one.get_or_compute("k", compute)) for one in caches]
    await until_waiting(redis, "k", 999)
    compute.go.set()
    async with asyncio.timeout(SOON_S):
        assert await asyncio.gather(*asking) == [1] * 1000


async def test_who_fails_is_told_and_the_next_computes(redis: Client) -> None:
    first, second = GenerationCache(redis), GenerationCache(redis)
    began, go = asyncio.Event(), asyncio.Event()

    async def fail() -> None:
        began.set()
        await go.wait()
        raise ZeroDivisionError

    failing = asyncio.create_task(first.get_or_compute("k", fail))
    await began.wait()
    here = asyncio.create_task(first.get_or_compute("k", lambda: "here"))
    there = asyncio.create_task(second.get_or_compute("k", lambda: "there"))
    await until_waiting(redis, "k", 1)
    go.set()
    with pytest.raises(ZeroDivisionError):
        await failing
    async with asyncio.timeout(SOON_S):
        one, other = await asyncio.gather(here, there)
    assert one == other


async def test_whoever_is_cancelled_frees_the_key(redis: Client, cache: GenerationCache) -> None:
    compute = Compute(held=True)
    leaving = asyncio.create_task(cache.get_or_compute("k", compute))
    await compute.began.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    async with asyncio.timeout(SOON_S):
        assert await GenerationCache(redis).get_or_compute("k", lambda: "next") == "next"


async def test_a_plain_function_leaves_the_loop_free_and_may_stop_iterating(
    cache: GenerationCache,
) -> None:
    loop = asyncio.get_running_loop()
    released: asyncio.Future[str] = loop.create_future()
    loop.call_soon(released.set_result, "by the loop")

    def compute() -> str:
        async def wait() -> str:
            return await released

        return asyncio.run_coroutine_threadsafe(wait(), loop).result(SOON_S)

    assert await cache.get_or_compute("k", compute) == "by the loop"
    async with asyncio.timeout(SOON_S):
        with pytest.raises(RuntimeError, match="StopIteration"):
            await cache.get_or_compute("other", lambda: next(iter([])))


# --- what comes late -----------------------------------------------------------------------------
@pytest.mark.parametrize("change", ["set", "delete", "evicted"])
async def test_what_was_computed_late_is_not_kept(
    change: str, redis: Client, cache: GenerationCache
) -> None:
    compute = Compute(held=True)
    computing = asyncio.create_task(cache.get_or_compute("k", compute))
    await compute.began.wait()
    other = GenerationCache(redis)
    if change == "set":
        await other.set("k", "newer")
    elif change == "delete":
        await other.delete("k")
    else:
        await redis.delete(keys.FLIGHT.key(key="k"))
        assert await other.get_or_compute("k", lambda: "newer") == "newer"
    compute.go.set()
    assert await computing == 1
    assert await cache.get("k") == (None if change == "delete" else "newer")


@pytest.mark.parametrize("change", ["set", "delete"])
async def test_who_waits_is_woken_by_a_change(change: str, redis: Client) -> None:
    compute = Compute(held=True)
    computing = asyncio.create_task(GenerationCache(redis).get_or_compute("k", compute))
    await compute.began.wait()
    cache = GenerationCache(redis)
    waiting = asyncio.create_task(cache.get_or_compute("k", lambda: "by who waited"))
    await until_waiting(redis, "k", 1)
    await (cache.set("k", "set") if change == "set" else cache.delete("k"))
    async with asyncio.timeout(_LISTEN_S - 1):
        assert await waiting == ("set" if change == "set" else "by who waited")
    compute.go.set()
    await computing


async def test_a_flight_that_was_evicted_costs_one_more_computation(redis: Client) -> None:
    compute = Compute(held=True)
    config = CacheConfig(lease_s=1)
    computing = asyncio.create_task(GenerationCache(redis, config).get_or_compute("k", compute))
    await compute.began.wait()
    waiting = asyncio.create_task(GenerationCache(redis, config).get_or_compute("k", lambda: "2"))
    await until_waiting(redis, "k", 1)
    await redis.delete(keys.FLIGHT.key(key="k"))
    async with asyncio.timeout(SOON_S):
        assert await waiting == "2"
    compute.go.set()
    assert await computing == 1
    assert await GenerationCache(redis).get("k") == "2"


async def test_a_lease_from_before_the_clock_was_set_back_does_not_hold(redis: Client) -> None:
    flight = keys.FLIGHT.key(key="k")
    in_an_hour = ((await redis.time())[0] + 3600) * 1000
    dead: dict[Any, Any] = {"holder": "who died", "lease": 15_000, "until": in_an_hour}
    await redis.hset(flight, mapping=dead)
    await redis.expire(flight, 3600)
    async with asyncio.timeout(SOON_S):
        assert await GenerationCache(redis).get_or_compute("k", lambda: 1) == 1


async def test_functions_that_were_flushed_come_back(redis: Client) -> None:
    compute = Compute(held=True)
    computing = asyncio.create_task(GenerationCache(redis).get_or_compute("k", compute))
    await compute.began.wait()
    await redis.function_flush()
    waiting = asyncio.create_task(GenerationCache(redis).get_or_compute("k", compute))
    await until_waiting(redis, "k", 1)
    await redis.function_flush()
    compute.go.set()
    async with asyncio.timeout(SOON_S):
        assert [await computing, await waiting] == [1, 1]


async def test_nothing_is_left_but_the_value_and_what_goes_with_it(redis: Client) -> None:
    caches = [GenerationCache(redis) for _ in range(20)]
    compute = Compute(held=True)
    asking = [asyncio.create_task(one.get_or_compute("k", compute, ttl_s=60)) for one in caches]
    await until_waiting(redis, "k", 19)
    compute.go.set()
    await asyncio.gather(*asking)
    value, flight = (family.key(key="k") for family in (keys.CACHE, keys.FLIGHT))
    left = [key async for key in redis.scan_iter()]
    assert set(left) <= {value, flight}
    assert [await redis.ttl(key) > 0 for key in left] == [True] * len(left)
    assert await redis.hkeys(flight) == ["cost"]


async def test_the_service_user_is_enough(server: RedisServer, redis: Client) -> None:
    rules = acl_rules("service").split()
    await redis.execute_command("ACL SETUSER", "service", "on", ">a password", *rules)
    try:
        config = RedisConfig(url=server.url, username="service", password=SecretStr("a password"))
        async with connect(config) as client:
            compute = Compute(held=True)
            caches = [GenerationCache(client) for _ in range(2)]
            asking = [asyncio.create_task(one.get_or_compute("k", compute)) for one in caches]
            await until_waiting(client, "k", 1)
            compute.go.set()
            assert await asyncio.gather(*asking) == [1, 1]
            await caches[0].set("k", 2)
            await Scratch(client).set("k", 3, ttl_s=60)
            assert await caches[0].delete("k") and await Scratch(client).delete("k")
    finally:
        await redis.execute_command("ACL DELUSER", "service")


# --- in a cluster --------------------------------------------------------------------------------
async def test_in_a_cluster(tmp_path: Path) -> None:
    def make(directory: Path, *directives: str) -> RedisServer:
        return RedisServer(programs()[WHEEL], directory, *directives)

    with clusters.running(tmp_path, make) as started:
        config = RedisConfig(url=started.url)
        client, other = await open_client(config), await open_client(config)
        async with client, other:
            for name in NAMES:
                compute = Compute(held=True)
                caches = [GenerationCache(one) for one in (client, other)]
                asking = [asyncio.create_task(c.get_or_compute(name, compute)) for c in caches]
                await compute.began.wait()
                await until_waiting(client, name, 1)
                compute.go.set()
                async with asyncio.timeout(SOON_S):
                    assert await asyncio.gather(*asking) == [1, 1]
                assert await caches[0].get(name) == 1
                await caches[0].set(name, 2)
                assert await caches[1].get(name) == 2
                await Scratch(client).set(name, 3, ttl_s=60)
                assert await Scratch(other).get(name) == 3
                assert await caches[1].delete(name) and await Scratch(other).delete(name)
            await asyncio.to_thread(move_the_slot_of, started, "moving")
            assert await GenerationCache(client).get_or_compute("moving", lambda: 1) == 1


def move_the_slot_of(started: clusters.Cluster, name: str) -> None:
    slot = key_slot(keys.CACHE.key(key=name).encode())
    home = started.owner(slot)
    started.move(slot, next(port for port in started.masters if port != home))
