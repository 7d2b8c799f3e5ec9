"""Clients of the drill of coordination: producers, workers, and somebody who looks at the books."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.drills.book import Log
from thoughtstream.colony import Colony
from thoughtstream.config import Durability, QueueConfig, Settings
from thoughtstream.coordination.models import Claim, NewTask, Report, Round
from thoughtstream.coordination.queue import Queue
from thoughtstream.coordination.worker import Worker
from thoughtstream.errors import NotDurable, QueueFull, RedisUnavailable

QUEUE = "drill: {x}"
_CONFIG = QueueConfig(
    entries=2000, lease_s=1, result_ttl_s=5, results_bytes=1024**2, durability_timeout_ms=10_000
)
_SLOTS = 8
_AGAIN_S = 0.05
_LOOK_S = 0.1
_LONGEST_TASK_S = 0.02


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Colony]:
    """The colony, as soon as Redis answers."""
    async with AsyncExitStack() as stack:
        while True:
            try:
                colony = await stack.enter_async_context(Colony.connect(settings=settings))
                break
            except RedisUnavailable:
                await asyncio.sleep(_AGAIN_S)
        yield colony


def produce(settings: Settings, durability: Durability, log: Log) -> None:
    """Submit one task after the other, each until its answer is known: its value is its key."""
    asyncio.run(_produce(settings, durability, log))


async def _produce(settings: Settings, durability: Durability, log: Log) -> None:
    async with _connected(settings) as colony:
        queue = Queue(colony.redis, QUEUE, _CONFIG)
        for number in count():
            value = log.name_of(number)
            log.sent(QUEUE, value)
            task = NewTask(value, priority=number % 3, max_attempts=1000, key=value)
            while not log.over:
                try:
                    await queue.submit(task, durability=durability)
                except (RedisUnavailable, QueueFull, NotDurable):
                    await asyncio.sleep(_AGAIN_S)
                    continue
                log.acknowledged(QUEUE, value)
                break
            if log.over:
                return


class _Noting(Queue):
    """Notes the completions that were accepted."""

    log: Log

    async def round(self, worker: str, reports: Sequence[Report] = (), **options: Any) -> Round:
        done = await super().round(worker, reports, **options)
        for report in reports:
            if report.verb == "done" and report.claim.id not in done.lost:
                self.log.note("accepted", QUEUE, report.claim.payload)
        return done


def run_tasks(settings: Settings, log: Log) -> None:
    """Work until the end, as `thoughtstream work` does."""
    asyncio.run(_run_tasks(settings, log))


async def _run_tasks(settings: Settings, log: Log) -> None:
    async def execute(claim: Claim) -> Report:
        await asyncio.sleep(_LONGEST_TASK_S * (hash(claim.id) % 100) / 100)
        log.note("ran", QUEUE, claim.payload)
        return Report.done(claim, "done")

    async with _connected(settings) as colony:
        queue = _Noting(colony.redis, QUEUE, _CONFIG)
        queue.log = log
        worker = Worker(queue, execute, slots=_SLOTS, name=f"{log.name}-{log.life}")
        working = asyncio.create_task(worker.work())
        while not log.over and not working.done():  # noqa: ASYNC110  # a log has no event
            await asyncio.sleep(_AGAIN_S)
        worker.stop()
        await working


@dataclass(frozen=True)
class Look:
    """The books at one moment. `unfinished`: still to be done; `entries_left`: with the dead."""

    completed: int
    unfinished: int
    entries_left: int
    faults: tuple[str, ...]


class Auditor:
    """Looks at the books again and again, whatever happens meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self.looks = 0
        self.faults: list[str] = []
        self._settings = settings

    def look(self) -> Look:
        """Once, as soon as Redis answers."""
        return asyncio.run(self._look())

    async def _look(self) -> Look:
        while True:
            try:
                async with _connected(self._settings) as colony:
                    audit = await Queue(colony.redis, QUEUE, _CONFIG).audit()
            except RedisUnavailable:
                await asyncio.sleep(_AGAIN_S)
                continue
            self.looks += 1
            self.faults += audit.faults
            unfinished = audit.waiting + audit.delayed + audit.leased
            return Look(audit.completed, unfinished, unfinished + audit.dead, audit.faults)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look until the end of the block."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(_LOOK_S):
                self.look()

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
