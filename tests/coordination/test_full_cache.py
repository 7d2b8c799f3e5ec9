"""A cache that fills Redis up to maxmemory evicts itself: of what is true, nothing goes."""

import json
from contextlib import AsyncExitStack
from typing import Any

from thoughtstream import Mind, keys
from thoughtstream.colony import Colony
from thoughtstream.config import Settings
from thoughtstream.coordination.models import NewTask
from thoughtstream.store.client import Client

AGENTS = [f"thoughtseed_{number:03}" for number in range(200)]
RESERVED = [f"file {number}" for number in range(20)]
VALUE = json.dumps("x" * 10_000)


async def test_a_cache_that_fills_redis_evicts_no_status_no_lease_and_no_task(
    colony: Colony, redis: Client, settings: Settings
) -> None:
    for name in AGENTS:
        await colony.register(name, ["python"])
    queue = colony.queue("chores")
    await queue.submit(*[NewTask("x")] * 300)
    held = (await queue.round("w", claim=100, lease_ms=600_000)).claims
    await colony.send("bo", AGENTS[0], "a word")
    async with Mind.connect("ana", settings=settings) as mind, AsyncExitStack() as reserved:
        for name in RESERVED:
            await reserved.enter_async_context(colony.reserve(name, by="ana"))
        await mind.anchor("the kettle is on")
        truth = await _durable(redis)
        assert {_family(key) for key in truth} >= {"agent_status", "agent_state", "leases", "lease"}
        await _fill(redis)
        assert await _durable(redis) == truth, "not one key of them is gone"
        assert sorted(one.name for one in await colony.reservations()) == sorted(RESERVED)
        statuses: Any = await redis.mget([f"agent_status:{name}" for name in AGENTS])
        assert [json.loads(text)["id"] for text in statuses] == AGENTS
        assert [status.id for status in await colony.agents()] == AGENTS
        audit = await queue.audit()
        assert (audit.balanced, audit.waiting, audit.leased) == (True, 200, 100)
        done = [claim.id for claim in (await queue.round("w", claim=200)).claims]
        assert len({*done, *(claim.id for claim in held)}) == 300
        [message] = await colony.inbox(AGENTS[0])
        assert message.text == "a word"
        assert (await mind.audit()).balanced
    await redis.config_set("maxmemory", 0)


def _family(key: str) -> str:
    family = keys.family_of(key)
    assert family is not None
    return family.name.removeprefix("reservation_")


async def _durable(redis: Client) -> set[str]:
    """The keys that have no time to live."""
    found = sorted(await redis.find("*"))
    pipe = redis.pipeline(transaction=False)
    for key in found:
        pipe.ttl(key)
    return {key for key, ttl in zip(found, await pipe.execute(), strict=True) if ttl == -1}


async def _fill(redis: Client) -> None:
    """Four times as much cache as there is room for."""
    info: Any = await redis.info("memory")
    await redis.config_set("maxmemory", info["used_memory"] + 4_000_000)
    for start in range(0, 1600, 100):
        pipe = redis.pipeline(transaction=False)
        for number in range(start, start + 100):
            pipe.set(keys.CACHE.key(key=str(number)), VALUE, ex=3600)
        await pipe.execute()
    stats: Any = await redis.info("stats")
    assert stats["evicted_keys"] > 500
