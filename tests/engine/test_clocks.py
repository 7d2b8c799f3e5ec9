"""A server's clock that jumps."""

import json
from typing import Any

import pytest

from tests.engine.flow import at_rest
from tests.services import running, until
from thoughtstream import Mind, keys
from thoughtstream.attention.attention import Attention
from thoughtstream.config import Settings, StreamConfig
from thoughtstream.coordination.agents import agent_key
from thoughtstream.coordination.membership import Membership, alive_services

WINDOWS = keys.STANDARD_WINDOWS


HOUR_MS = 3_600_000


async def test_a_clock_that_jumps_forward_brings_everything_to_its_end(redis: Any) -> None:
    attention = Attention(redis, StreamConfig(working_memory_ttl_ms=HOUR_MS))
    for number in range(4):
        key = keys.WINDOW.key(mind="ana", window="sensory")
        await redis.xadd(key, {"content": f"thought {number}"})
    await attention.cycle("ana", WINDOWS)
    await shift_clock(redis, HOUR_MS)
    await attention.cycle("ana", WINDOWS)
    audit = await attention.audit("ana", WINDOWS)
    assert audit.balanced
    assert (audit.anchored, audit.expired, audit.competing) == (1, 3, 0)


@pytest.mark.parametrize("busy", [False, True])
async def test_nothing_waits_for_a_clock_that_was_set_back(redis: Any, busy: bool) -> None:
    """Not even while new thoughts come, which are due before all that wait."""
    attention = Attention(redis, StreamConfig(working_memory_ttl_ms=1, batch=2))
    window = keys.WINDOW.key(mind="ana", window="sensory")
    still = Attention(redis, StreamConfig(working_memory_ttl_ms=1000, batch=2))
    for number in range(9):
        await redis.xadd(window, {"content": f"thought {number}"})
    await still.cycle("ana", WINDOWS)
    await shift_clock(redis, -HOUR_MS)
    added = 9

    async def all_has_ended() -> bool:
        nonlocal added
        if busy and added < 60:
            await redis.xadd(window, {"content": "another", "salience": "0.1"})
            added += 1
        await attention.cycle("ana", WINDOWS)
        audit = await attention.audit("ana", WINDOWS)
        assert audit.balanced
        return added == (60 if busy else 9) and not audit.competing + audit.intervening

    await until(all_has_ended)
    assert (await attention.audit("ana", WINDOWS)).anchored >= 1


async def test_a_shorter_time_for_what_comes_shortens_no_window_that_was_promised(
    redis: Any,
) -> None:
    window = keys.WINDOW.key(mind="ana", window="sensory")
    for ttl_ms in (HOUR_MS, 1):
        await redis.xadd(window, {"content": f"a thought of {ttl_ms} ms"})
        attention = Attention(redis, StreamConfig(working_memory_ttl_ms=ttl_ms))
        await attention.cycle("ana", WINDOWS)
    [due, _] = await redis.zrange(keys.DEADLINES.key(mind="ana"), 0, -1, withscores=True, desc=True)
    [now_s, _] = await redis.time()
    assert due[1] > now_s * 1000 + HOUR_MS / 2


async def shift_clock(redis: Any, ms: int) -> None:
    """As if the server's clock had jumped: what it has written down is moved the other way."""
    deadlines = keys.DEADLINES.key(mind="ana")
    for member in await redis.zrange(deadlines, 0, -1):
        await redis.zincrby(deadlines, -ms, member)
    intervening = keys.INTERVENING.key(mind="ana")
    for member, packed in (await redis.hgetall(intervening)).items():
        attended = json.loads(packed)
        for at in range(0, len(attended), 2):
            if attended[at] in ("attended_at", "encode_at"):
                attended[at + 1] = str(int(attended[at + 1]) - ms)
        await redis.hset(intervening, member, json.dumps(attended))


@pytest.mark.slow
async def test_a_clock_that_jumped_back_does_not_keep_a_dead_service_alive(
    redis: Any, quick: Settings
) -> None:
    for dead in [Membership(redis) for _ in range(9)]:
        await dead.renew(0)
        for name in ("clock", "ends"):  # they died when the clock said so
            await redis.hincrby(agent_key(keys.AGENT_STATE, dead.id), name, HOUR_MS)
    names = [f"mind {number}" for number in range(20)]
    async with running(quick):
        for name in names:
            async with Mind.connect(name, settings=quick) as mind:
                await mind.think("is anybody there?")
                await at_rest(mind, 1)
        await until(lambda: one_is_alive(redis))


async def one_is_alive(redis: Any) -> bool:
    return len(await alive_services(redis)) == 1
