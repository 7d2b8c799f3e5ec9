"""A look at a mind, or at all minds, costs the same whatever else is in Redis."""

from typing import Any

from thoughtstream import Mind, keys
from thoughtstream.config import Settings


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
