"""A server's clock that jumps."""

from typing import Any

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


async def shift_clock(redis: Any, ms: int) -> None:
    """As if the server's clock had jumped: what it has written down is moved the other way."""
    deadlines = keys.DEADLINES.key(mind="ana")
    for member in await redis.zrange(deadlines, 0, -1):
        await redis.zincrby(deadlines, -ms, member)


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
