"""Reservations: one has a name, the next is woken, who dies frees it, and fences grow."""

import asyncio
import random
import time
from typing import Any

import pytest

from tests.coordination.conftest import LEASE_S, until
from tests.servers import RedisServer
from thoughtstream import keys
from thoughtstream.colony import Colony
from thoughtstream.errors import InvalidTask, ReservationLost, Reserved
from thoughtstream.store.client import Client


async def test_one_at_a_time_has_a_name_and_fences_grow(colony: Colony) -> None:
    inside, most, fences = 0, 0, list[int]()

    async def work(number: int) -> None:
        nonlocal inside, most
        for _ in range(4):
            async with colony.reserve("main.py", by=f"agent {number}") as held:
                inside += 1
                most = max(most, inside)
                fences.append(held.fence)
                await asyncio.sleep(random.uniform(0, 0.005))
                inside -= 1

    await asyncio.gather(*map(work, range(10)))
    assert most == 1
    assert len(fences) == 40
    assert fences == sorted(set(fences))


async def test_what_was_free_for_a_moment_is_listed(colony: Colony) -> None:
    async def work(number: int) -> None:
        for _ in range(10):
            async with colony.reserve("x", by=f"agent {number}") as held:
                assert await colony.reservations() == [held]

    await asyncio.gather(*map(work, range(4)))


@pytest.mark.parametrize("name", ["a b", "{x}", "ü:日本語", "%"])
async def test_what_is_taken_says_by_whom(name: str, colony: Colony) -> None:
    async with colony.reserve(name, by="ana") as held:
        assert await colony.reservations() == [held]
        with pytest.raises(Reserved, match=r"is reserved by ana, whose lease goes on for \d"):
            async with colony.reserve(name, by="bo", wait_s=0):
                pass
        async with colony.reserve("another", by="bo", wait_s=0):
            assert [one.by for one in await colony.reservations()] == sorted(
                ["ana", "bo"], key=lambda by: {"ana": name, "bo": "another"}[by]
            )
    assert await colony.reservations() == []


async def test_who_waits_is_woken_and_asks_nothing_meanwhile(colony: Colony, redis: Client) -> None:
    async def wait() -> float:
        async with colony.reserve("x", by="bo"):
            return time.monotonic()

    async with colony.reserve("x", by="ana"):
        waiting = asyncio.create_task(wait())
        await until(lambda: _waits(redis))
        before = await _calls(redis)
        await asyncio.sleep(0.3)
        assert await _calls(redis) - before <= 4, "but for a renewal, and a look at its end"
        began = time.monotonic()
    assert await waiting - began < LEASE_S / 2


async def _waits(redis: Client) -> bool:
    return bool(await redis.zcard(keys.RESERVATION[2].key(reservation="x")))


async def _calls(redis: Client) -> int:
    stats: Any = await redis.info("commandstats")
    return int(stats["cmdstat_fcall"]["calls"])


async def test_it_is_renewed_for_as_long_as_it_is_held(colony: Colony) -> None:
    async with colony.reserve("x", by="ana"):
        with pytest.raises(Reserved):
            async with colony.reserve("x", by="bo", wait_s=2.5 * LEASE_S):
                pass


async def test_who_gives_up_waiting_passes_it_on(colony: Colony, redis: Client) -> None:
    async def wait(by: str) -> str:
        async with colony.reserve("x", by=by):
            return by

    async with colony.reserve("x", by="ana"):
        first = asyncio.create_task(wait("bo"))
        await until(lambda: _waits(redis))
        second = asyncio.create_task(wait("cy"))
        await until(lambda: _two_wait(redis))
        first.cancel()
        await asyncio.wait({first})
    began = time.monotonic()
    assert await second == "cy"
    assert time.monotonic() - began < LEASE_S / 2


async def _two_wait(redis: Client) -> bool:
    return await redis.zcard(keys.RESERVATION[2].key(reservation="x")) == 2


async def test_who_lost_it_ends(colony: Colony, redis: Client) -> None:
    with pytest.raises(ReservationLost, match="x: was released by somebody, or the lease ended"):
        async with colony.reserve("x", by="ana"):
            await redis.delete(keys.RESERVATION[0].key(reservation="x"))
            await asyncio.sleep(30)  # cut off


async def test_who_cannot_reach_redis_for_a_lease_ends(colony: Colony, server: RedisServer) -> None:
    began = time.monotonic()
    with pytest.raises(ReservationLost, match="Redis was away"):
        async with colony.reserve("x", by="ana"):
            with server.frozen():
                await asyncio.sleep(30)  # cut off
    assert time.monotonic() - began < 20


async def test_a_clock_that_is_set_back_does_not_prolong_it(colony: Colony, redis: Client) -> None:
    lease, hour = keys.RESERVATION[0].key(reservation="x"), 3_600_000
    now = int((await redis.time())[0]) * 1000
    dead: Any = {
        "token": "t",
        "by": "ana",
        "fence": now,
        "clock": now + hour,
        "ends": now + hour + 500,
    }
    await redis.hset(lease, mapping=dead)
    began = time.monotonic()
    async with colony.reserve("x", by="bo", wait_s=20) as held:
        assert held.fence > now
    assert time.monotonic() - began < 10


async def test_names_that_were_reserved_by_the_dead_are_freed(
    colony: Colony, redis: Client
) -> None:
    async with colony.reserve("x", by="ana"):
        await redis.hset(keys.RESERVATION[0].key(reservation="x"), mapping={"ends": 1, "clock": 1})
        await redis.zadd(keys.RESERVATIONS.key(), {"x": 1})
        async with colony.reserve("y", by="bo"):
            assert not await redis.exists(keys.RESERVATION[0].key(reservation="x"))
            assert 0 < await redis.ttl(keys.RESERVATION[1].key(reservation="x")) <= 86_400


async def test_a_name_that_can_be_none_is_refused(colony: Colony) -> None:
    with pytest.raises(InvalidTask, match="reservation: is empty"):
        async with colony.reserve("", by="ana"):
            pass
