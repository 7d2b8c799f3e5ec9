"""The schedule of sleep: every mind that a service serves sleeps at intervals."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.config import Settings
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.memory.models import order
from thoughtstream.memory.sleep import Sleep
from thoughtstream.store.client import Client

_CHECKS_PER_SLEEP = 10
_LONGEST_PAUSE_S = 600.0
_PAGE = 500
"""Minds that are asked about at once."""

log = structlog.get_logger()


class SleepSchedule:
    """Puts minds to sleep, one after the other: `memory.sleep_every_s` after their last sleep, or
    after their oldest memory.
    """

    def __init__(self, redis: Client, settings: Settings) -> None:
        """Raises: ConfigError: the distiller of the settings can't be used."""
        self._redis = redis
        self._sleep = Sleep(redis, settings)
        self._every_s = settings.memory.sleep_every_s

    async def run(self, minds: Callable[[], Sequence[str]]) -> None:
        """Run until cancelled; returns at once if minds never sleep by themselves.

        Raises:
            redis ConnectionError, TimeoutError: Redis was lost; run it again once it is back.
        """
        while self._every_s:
            await asyncio.sleep(min(self._every_s / _CHECKS_PER_SLEEP, _LONGEST_PAUSE_S))
            all_ = minds()
            for start in range(0, len(all_), _PAGE):
                for mind in await self._due(all_[start : start + _PAGE]):
                    await self._have_sleep(mind)

    async def _due(self, minds: Sequence[str]) -> list[str]:
        if not minds:
            return []
        pipe = self._redis.pipeline(transaction=False)
        for mind in minds:
            pipe.hget(keys.SLEEP.key(mind=mind), "slept_at")
            for family in keys.MEMORIES.values():
                pipe.xrange(family.key(mind=mind), count=1)
        answers = await pipe.execute(raise_on_error=False)
        latest = await self._redis.clock_ms(keys.SERVICES.key()) - self._every_s * 1000
        width = 1 + len(keys.MEMORIES)
        since = [_since(*answers[at : at + width]) for at in range(0, len(answers), width)]
        return [mind for mind, at in zip(minds, since, strict=True) if at and at <= latest]

    async def _have_sleep(self, mind: str) -> None:
        try:
            report = await self._sleep.sleep(mind)
        except (ThoughtstreamError, ResponseError) as error:  # of this mind alone
            log.warning("sleep.failed", mind=mind, error=str(error))
        else:
            counts = {what: len(getattr(report, what)) for what in ("replayed", "merged")}
            log.info("mind.slept", mind=mind, **counts, distilled=len(report.distilled))


def _since(slept_at: Any, *firsts: Any) -> int:
    """From when the time to the next sleep counts (ms); 0: it has no memories, or a key is
    not what it should be (`doctor` reports it).
    """
    if any(isinstance(answer, Exception) for answer in (slept_at, *firsts)):
        return 0
    if slept_at:
        return int(slept_at)
    return min((order(first[0][0])[0] for first in firsts if first), default=0)
