"""A look at a mind, or at all minds, costs the same whatever else is in Redis."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.engine.flow import at_rest
from tests.services import running, until
from thoughtstream import Mind, keys
from thoughtstream.config import Settings
from thoughtstream.faces import overview


async def scans(redis: Any) -> int:
    """How many SCANs there were since the last CONFIG RESETSTAT."""
    stats = await redis.info("commandstats")
    return int(stats.get("cmdstat_scan", {}).get("calls", 0))


async def test_a_look_at_a_mind_scans_nothing(redis: Any, settings: Settings) -> None:
    async with (
        Mind.connect("ana", settings=settings) as mind,
        Mind.connect("ana", settings=settings) as watcher,
    ):
        await mind.think("the kettle is on", window="kitchen")
        await redis.xadd(keys.WINDOW.key(mind="ana", window="é"), {"content": "hello"})
        await mind.attend()
        await mind.think("not attended yet", window="attic")
        await redis.config_resetstat()
        expected = {*keys.STANDARD_WINDOWS, "kitchen", "é"}
        assert set(await watcher.windows()) == expected
        assert set((await watcher.state()).windows) == expected
        assert (await watcher.audit()).balanced
        assert set((await mind.state()).windows) == {*expected, "attic"}  # its own it knows
        assert await scans(redis) == 0


async def services_asked(redis: Any, settings: Settings) -> int:
    """How many ZRANGEs are not for the minds: as many as where there are none."""
    await redis.flushall()
    await overview.collect(settings)
    await redis.config_resetstat()
    await overview.collect(settings)
    return int((await redis.info("commandstats"))["cmdstat_zrange"]["calls"]) - 1


async def names(settings: Settings) -> list[str]:
    return [mind["mind"] for mind in (await overview.collect(settings))["minds"]]


async def test_a_look_at_all_minds_takes_one_round_trip_a_page(
    redis: Any, settings: Settings
) -> None:
    expected = [f"mind {number:04}" for number in range(2500)]
    pipe = redis.pipeline(transaction=False)
    for name in expected:
        pipe.hset(keys.LEDGER.key(mind=name), "adopted", 1)
    await pipe.execute()
    assert await names(settings) == expected  # as of a version before: nobody has noted them
    assert await redis.zcard(keys.MINDS.key()) == 2501
    await redis.config_resetstat()
    assert await names(settings) == expected
    assert await scans(redis) == 0
    stats = await redis.info("commandstats")
    assert stats["cmdstat_zrange"]["calls"] == 3 + await services_asked(redis, settings)


@pytest.mark.parametrize("how", ["anchor", "attend", "import_"])
async def test_who_makes_a_mind_notes_it(
    redis: Any, settings: Settings, how: str, tmp_path: Path
) -> None:
    assert await names(settings) == []  # complete from now on
    async with Mind.connect("a b{c}", settings=settings) as mind:
        if how == "anchor":
            await mind.anchor("the kettle is on")
        elif how == "attend":
            await mind.think("the kettle is on")
            await mind.attend()
        else:
            async with Mind.connect("bob", settings=settings) as bob:
                await bob.anchor("the kettle is on")
                text = "".join([line async for line in bob.export()])
                await bob.delete(confirm="bob")
            await mind.import_from(BytesIO(text.encode()))
        assert await redis.exists(keys.LEDGER.key(mind=mind.name))
    assert await names(settings) == ["a b{c}"]
    async with Mind.connect("a b{c}", settings=settings) as mind:
        await mind.delete(confirm="a b{c}")
    assert await names(settings) == []
    assert await redis.zrange(keys.MINDS.key(), 0, -1) == [""]


async def test_a_mind_that_goes_on_after_flushall_is_seen_again(
    redis: Any, quick: Settings
) -> None:
    async with running(quick), Mind.connect("ana", settings=quick) as mind:
        for _ in range(2):
            await mind.think("is anybody there?")
            await at_rest(mind, 1)
            await until(lambda: seen(quick))
            await redis.flushall()
            assert await names(quick) == []  # which makes the census complete, and empty


async def seen(settings: Settings) -> bool:
    return await names(settings) == ["ana"]


async def test_what_others_wrote_into_the_census_does_no_harm(
    redis: Any, settings: Settings
) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        await redis.set(keys.MINDS.key(), "garbage")
        await mind.anchor("the kettle is on")
        assert await names(settings) == ["ana"]
        await redis.delete(keys.MINDS.key())
        assert await names(settings) == ["ana"]
        await redis.zadd(keys.MINDS.key(), {"x" * 2000: 0, "{}": 0, "%7": 0, b"\xff": 0, "bob": 0})
        assert await names(settings) == ["ana"]
