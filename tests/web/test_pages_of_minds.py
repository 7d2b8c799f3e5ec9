"""A page of minds costs what is on it, however many minds there are."""

from typing import Any

from redis.asyncio import Redis

from tests.web.served import served
from thoughtstream import keys
from thoughtstream.config import Settings
from thoughtstream.store.census import Census

MINDS = 900
GONE = 7


async def test_a_page_asks_for_the_names_once_and_looks_at_its_own_minds(
    redis: Redis, settings: Settings
) -> None:
    names = [f"mind {number:04}" for number in range(MINDS)]
    await _are_there(redis, names)
    async with served(settings) as web:
        await web.get("/v1/minds")  # connects, and finds out who is noted
        await redis.config_resetstat()
        first = (await web.get("/v1/minds?limit=36")).json
        assert await _calls(redis) == {"zrange": 2, "exists": 37}
        assert [mind["name"] for mind in first["items"]] == names[:36]
        second = (await web.get(first["next"])).json
        assert [mind["name"] for mind in second["items"]] == names[36:72]


async def test_minds_that_are_gone_leave_no_gap(redis: Redis, settings: Settings) -> None:
    names = [f"mind {number}" for number in range(10)]
    await _are_there(redis, names)
    async with served(settings) as web:
        await web.get("/v1/minds")
        await redis.delete(*(keys.LEDGER.key(mind=name) for name in names[:GONE]))
        found = (await web.get("/v1/minds?limit=3")).json
        assert ([mind["name"] for mind in found["items"]], found["next"]) == (names[GONE:], None)


async def _are_there(redis: Any, names: list[str]) -> None:
    pipe = redis.pipeline(transaction=False)
    for name in names:
        pipe.hset(keys.LEDGER.key(mind=name), "adopted", 1)
    await pipe.execute()
    await Census(redis).note(names)


async def _calls(redis: Any) -> dict[str, int]:
    """Of the names of minds and of services, and of one look at each mind."""
    stats = await redis.info("commandstats")
    return {name: stats[f"cmdstat_{name}"]["calls"] for name in ("zrange", "exists")}
