"""The schedule of sleep: every mind that a service serves sleeps at intervals.

A sleep that is due is a task in one queue, under a key made of the mind and the period: whichever
service has time for it works on it, one after the other, and a service that dies at it gives it
back with its lease.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.config import Settings
from thoughtstream.coordination.models import MOST_AT_ONCE, Claim, NewTask, Report
from thoughtstream.coordination.queue import Queue
from thoughtstream.coordination.queues import Queues
from thoughtstream.coordination.worker import Worker
from thoughtstream.errors import MemoryFull, QueueFull
from thoughtstream.faults import Faults
from thoughtstream.measuring import service as metrics
from thoughtstream.measuring.measures import NOTHING, Measures
from thoughtstream.memory.consolidation import LEASE_MS, Asleep
from thoughtstream.memory.models import order
from thoughtstream.memory.sleep import Sleep
from thoughtstream.store.client import Client
from thoughtstream.store.outages import OUTAGES, is_of_one_mind
from thoughtstream.store.shields import retrieved

QUEUE = "memory:consolidation"

_CHECKS_PER_SLEEP = 10
_LONGEST_PAUSE_S = 600.0
_LOOK_AFTER_FAILED_S = 10.0
_PAGE = 500
"""Minds that are asked about at once."""

_ATTEMPTS = _CHECKS_PER_SLEEP
"""After so many, the sleep of the next period is another task."""

log = structlog.get_logger()


class SleepSchedule:
    """Puts minds to sleep: `memory.sleep_every_s` after their last sleep, or after their oldest
    memory.
    """

    def __init__(
        self,
        redis: Client,
        settings: Settings,
        faults: Faults | None = None,
        measures: Measures = NOTHING,
    ) -> None:
        """Raises: ConfigError: the distiller of the settings can't be used."""
        self._redis = redis
        self._measures = measures
        self._faults = faults or Faults()
        self._sleep = Sleep(redis, settings)
        self._every_s = settings.memory.sleep_every_s
        self._pause_s = min(self._every_s / _CHECKS_PER_SLEEP, _LONGEST_PAUSE_S)
        self._queue = Queues(redis, settings.queue).queue(QUEUE)
        self._failed = dict[str, str | None]()
        """The minds whose sleep failed here, and when each had slept last."""

    async def run(self, minds: Callable[[], Sequence[str]]) -> None:
        """Run until cancelled; returns at once if minds never sleep by themselves.

        Raises:
            redis ConnectionError, TimeoutError, RedisUnavailable: Redis was lost; run it again once
            it is back.
        """
        if not self._every_s:
            return
        worker = Worker(self._queue, self._work, slots=1)
        working = asyncio.create_task(worker.work())
        working.add_done_callback(retrieved)
        try:
            while True:
                await self._pause(working)
                served = minds()
                for start in range(0, len(served), _PAGE):
                    await self._begin(await self._due(served[start : start + _PAGE]))
        finally:
            working.cancel()
            await asyncio.wait({working})

    async def _pause(self, working: asyncio.Task[None]) -> None:
        """Until it is time to look at all minds again; those that failed are looked after."""
        clock = asyncio.get_running_loop().time
        end = clock() + self._pause_s
        while (left_s := end - clock()) > 0:
            await asyncio.wait({working}, timeout=min(left_s, _LOOK_AFTER_FAILED_S))
            if working.done():
                working.result()
            await self._look_after_failed()

    async def _look_after_failed(self) -> None:
        """Whom another service has had sleep since, or who remembers nothing any more, is well."""
        failed = list(self._failed)
        for mind, (slept_at, remembers) in zip(failed, await self._past_of(failed), strict=True):
            if (slept_at and slept_at != self._failed[mind]) or not remembers:
                self._is_well(mind)

    async def _past_of(self, minds: Sequence[str]) -> list[tuple[str | None, bool]]:
        """When each has slept last, as far as its key can be read, and whether it remembers
        anything.
        """
        pipe = self._redis.pipeline(transaction=False)
        for mind in minds:
            pipe.hget(keys.SLEEP.key(mind=mind), "slept_at")
            pipe.exists(*(family.key(mind=mind) for family in keys.MEMORIES.values()))
        answers = await pipe.execute(raise_on_error=False) if minds else []
        return [
            (slept_at if isinstance(slept_at, str) else None, remembers != 0)
            for slept_at, remembers in zip(answers[::2], answers[1::2], strict=True)
        ]

    def _is_well(self, mind: str) -> None:
        self._failed.pop(mind, None)
        self._faults.well(mind, "sleep")

    async def _begin(self, due: Sequence[NewTask]) -> None:
        try:
            await _submit(self._queue, due)
        except MemoryFull:  # what is merged in sleep frees memory: so it must not wait
            for task in due:
                await self._have_sleep(json.loads(task.payload)["mind"])

    async def _due(self, minds: Sequence[str]) -> list[NewTask]:
        """A task for each of these minds that is due."""
        now, every_ms = await self._redis.clock_ms(keys.AGENTS.key()), self._every_s * 1000
        counted = zip(minds, await self._since(minds), strict=True)
        return [
            _task(mind, since, (now - since) // every_ms)
            for mind, since in counted
            if since and abs(now - since) >= every_ms  # ahead: from before the clock was set back
        ]

    async def _since(self, minds: Sequence[str]) -> list[int]:
        """From when the time to each one's next sleep counts (ms); 0: it has no memories, or a key
        is not what it should be (`doctor` reports it).
        """
        pipe = self._redis.pipeline(transaction=False)
        for mind in minds:
            pipe.hget(keys.SLEEP.key(mind=mind), "slept_at")
            for family in keys.MEMORIES.values():
                pipe.xrange(family.key(mind=mind), count=1)
        answers = await pipe.execute(raise_on_error=False) if minds else []
        width = 1 + len(keys.MEMORIES)
        return [_since(*answers[at : at + width]) for at in range(0, len(answers), width)]

    async def _work(self, claim: Claim) -> Report:
        """Have the mind of a task sleep, unless it has slept since."""
        said = json.loads(claim.payload)
        mind: str = said["mind"]
        if await self._since([mind]) != [said["since"]]:
            return Report.done(claim)
        failed = await self._have_sleep(mind)
        if isinstance(failed, Asleep):  # of a worker that may have died: then another resumes it
            return Report.retry(claim, str(failed), LEASE_MS / 1000)
        if failed:
            return Report.retry(claim, str(failed), self._pause_s)
        return Report.done(claim)

    async def _have_sleep(self, mind: str) -> Exception | None:
        """Why it failed; None: it slept."""
        [(slept_at, _)] = await self._past_of([mind])
        began = time.perf_counter()
        try:
            report = await self._sleep.sleep(mind)
        except Asleep as error:
            self._measures.count(metrics.SLEEPS, "busy")
            return error
        except Exception as error:
            self._measures.count(metrics.SLEEPS, "failed")
            if isinstance(error, OUTAGES) and not isinstance(error, ResponseError):
                raise
            if is_of_one_mind(error):
                self._failed[mind] = slept_at
                self._faults.failed(mind, "sleep", error)
            else:
                log.warning("sleep.failed", mind=mind, error=str(error))
            return error
        self._measures.count(metrics.SLEEPS, "slept")
        self._measures.observe(metrics.SLEEP, time.perf_counter() - began)
        self._is_well(mind)
        counts = {what: len(getattr(report, what)) for what in ("replayed", "merged", "distilled")}
        log.info("mind.slept", mind=mind, **counts)
        return None


async def _submit(queue: Queue, tasks: Sequence[NewTask]) -> None:
    for start in range(0, len(tasks), MOST_AT_ONCE):
        try:
            await queue.submit(*tasks[start : start + MOST_AT_ONCE])
        except QueueFull as error:  # those that are left are due at the next look, too
            log.warning("sleep.put_off", minds=len(tasks) - start, error=str(error))
            return


def _task(mind: str, since: int, period: int) -> NewTask:
    """One for each mind and period since it slept."""
    name = hashlib.blake2b(mind.encode(errors="surrogateescape"), digest_size=16).hexdigest()
    payload = json.dumps({"mind": mind, "since": since})
    return NewTask(payload, max_attempts=_ATTEMPTS, key=f"{name}:{since}:{period}")


def _since(slept_at: Any, *firsts: Any) -> int:
    if any(isinstance(answer, Exception) for answer in (slept_at, *firsts)):
        return 0
    if slept_at:
        return int(slept_at) if slept_at.isascii() and slept_at.isdigit() else 0
    return min((order(first[0][0])[0] for first in firsts if first), default=0)
