"""A service says how fast it attends."""

from typing import Any

from tests.services import running, until
from thoughtstream import Mind
from thoughtstream.attention.rhythm import Rhythm
from thoughtstream.config import Settings
from thoughtstream.faces import overview


def test_what_is_said_is_of_the_last_ten_seconds() -> None:
    now = 0.0
    rhythm = Rhythm(clock=lambda: now)
    said = rhythm.said()
    assert said["cycles_per_s"] == 0
    assert said["cycle_p50_ms"] is said["cycle_p99_ms"] is said["loop_delay_ms"] is None
    for number in range(100):
        rhythm.cycle(number / 1000)
    rhythm.late(0.3)
    now = 5.0
    rhythm.late(-0.001)
    assert rhythm.said() == {
        "cycles_per_s": 20,
        "cycle_p50_ms": 50,
        "cycle_p99_ms": 99,
        "loop_delay_ms": 300,
    }
    now = 12.0
    rhythm.cycle(0.002)
    assert rhythm.said() == {
        "cycles_per_s": 0.1,
        "cycle_p50_ms": 2,
        "cycle_p99_ms": 2,
        "loop_delay_ms": 0,
    }


def test_of_a_service_that_is_faster_than_what_is_kept_the_last_cycles_tell() -> None:
    now = 0.0
    rhythm = Rhythm(clock=lambda: now)
    for number in range(30_000):
        now = number / 3000
        rhythm.cycle(0.001)
    assert round(rhythm.said()["cycles_per_s"]) == 3000


async def test_status_shows_it(redis: Any, quick: Settings) -> None:
    async with running(quick), Mind.connect("ana", settings=quick) as mind:

        async def rhythm() -> dict[str, float]:
            [service] = (await overview.collect(quick))["services"]
            return service["rhythm"] or {"cycles_per_s": 0}

        async def is_shown() -> bool:
            await mind.think("the kettle is on")
            said = await rhythm()
            return said["cycles_per_s"] > 0 and 0 < said["cycle_p50_ms"] <= said["cycle_p99_ms"]

        await until(is_shown)
        assert (await rhythm())["loop_delay_ms"] >= 0
