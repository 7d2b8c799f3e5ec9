"""What minds think is nobody else's: no line of a log has it, unless one asks for everything."""

from pathlib import Path
from typing import Any

import pytest

from tests.servers import wait_until
from tests.services import ServiceProcess, until
from thoughtstream import Mind, keys
from thoughtstream.config import Settings

pytestmark = pytest.mark.slow

MARK = "Zwetschgenknoedel"


@pytest.mark.parametrize("form", ["console", "json"])
async def test_no_line_has_what_is_thought(
    redis: Any, settings: Settings, tmp_path: Path, form: str
) -> None:
    assert settings.redis.url is not None
    quick = {
        "LOG": form, "STREAMS__WORKING_MEMORY_TTL_MS": "100", "STREAMS__CYCLE_TARGET_MS": "5",
        "STREAMS__MAX_THOUGHT_BYTES": "256", "MEMORY__SLEEP_EVERY_S": "1",
        "BUDGETS__SAMPLE_EVERY_S": "1",
    }  # fmt: skip
    service = ServiceProcess(settings.redis.url, tmp_path / "service", **quick).start()
    try:
        wait_until(lambda: "service.ready" in service.log.read_text(), "the service is ready")
        async with Mind.connect("ana", settings=settings) as mind:
            for number in range(3):
                await mind.think(f"{MARK} {number}", salience=0.9)
                await mind.anchor(f"{MARK} are round, {number}")
            await mind.think(f"{MARK} " * 60)
            await redis.xadd(keys.WINDOW.key(mind="ana", window="sensory"), {"mood": MARK})
            await redis.set(keys.WINDOW.key(mind="ben", window="sensory"), MARK)
            await redis.set(keys.LEDGER.key(mind="ben"), MARK)
            await redis.xadd(keys.WINDOW.key(mind="ben", window="emotion"), {"content": MARK})

            async def all_has_happened() -> bool:
                told = service.log.read_text()
                return "mind.slept" in told and "attention.failed" in told

            await until(all_has_happened, most_s=60)
            assert (await mind.audit()).rejected
    finally:
        service.stop()
    assert MARK not in service.log.read_text()
