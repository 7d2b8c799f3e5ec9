"""A worker: claims tasks of one queue, runs up to so many at once, and says what came of them.

One round trip reports what has ended and claims what there is room for, and of tasks that take
almost no time also what comes next: many small tasks cost little. A worker with nothing to do is
woken by its bell, on which a new task is handed to it; nothing is polled. What a worker holds when
it dies goes back when the lease runs out.
"""

import asyncio
import contextlib
import os
import socket
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

import structlog

from thoughtstream.backoff import Backoff
from thoughtstream.coordination.models import Claim, Report, Round
from thoughtstream.coordination.queue import Queue
from thoughtstream.errors import MemoryFull, RedisUnavailable

Run = Callable[[Claim], Awaitable[Report]]
"""Runs a task and says what came of it. What it raises is an error of its own, not of the task."""

_LISTEN_S = 5.0
"""For so long an idle worker is taken to listen; it says so again before."""

_LAST_S = 0.01
"""Once nothing more is handed over: what is on the bell is there."""

_AHEAD_S = 0.02
"""What is claimed ahead may keep the slots busy for so long; what has to wait five times as long is
given back, since others may have time for it."""

_MOST_AHEAD = 160

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0

log = structlog.get_logger()


class Worker:
    """Runs tasks of one queue until it is stopped.

    `slots`: tasks at once. `name`: who holds the tasks, for people; made up unless given.
    """

    def __init__(self, queue: Queue, run: Run, *, slots: int = 32, name: str | None = None) -> None:
        self.name = name or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._queue = queue
        self._run = run
        self._slots = slots
        self._lease_s = queue.config.lease_s
        self._held: dict[str, tuple[Claim, asyncio.Task[None]]] = {}
        self._ahead: deque[tuple[Claim, float]] = deque()
        self._usual_s = float("inf")
        self._progress: dict[str, str] = {}
        self._reports: list[Report] = []
        self._wake = asyncio.Event()
        self._stopping = False
        self._is_off = False  # from then on nothing is handed over
        self._renewed = 0.0

    def stop(self) -> None:
        """Claim nothing more; `work` returns when what is under way has ended."""
        self._stopping = True
        self._wake.set()

    def say_progress(self, id: str, progress: str) -> None:
        """Have the next round say how far a task is."""
        self._progress[id] = progress
        self._wake.set()

    async def work(self) -> None:
        """Work until `stop`; waits for a Redis that is lost. Cancelled, it drops what it holds.

        Raises:
            ConfigError: Redis refuses the user.
        """
        listening = asyncio.create_task(self._listen())
        try:
            while not self._stopping:
                await self._round()
            await self._round()
            self._is_off = True
            with contextlib.suppress(RedisUnavailable, MemoryFull):  # it stops listening sooner
                await self._queue.ring(self.name)
            await listening
            while self._held or self._reports:
                await self._round()
        finally:
            listening.cancel()
            for _, task in self._held.values():
                task.cancel()

    async def _round(self) -> None:
        """Report and claim once, then wait for something to report or to claim."""
        self._wake.clear()
        done = await self._said(self._news(), self._room())
        for id_ in done.lost:
            self._lose(id_)
        self._take(done.claims)
        if not self._reports:  # else it says so first, and these run meanwhile
            await asyncio.sleep(0)  # a task that ends at once is reported at once
        if not self._reports and (self._held or not self._stopping):
            await self._rest(done.due_ms)

    def _room(self) -> int:
        """How many more tasks to claim: for the free slots, and as many as will be free at once."""
        if self._stopping:
            return 0
        ahead = min(int(self._slots * _AHEAD_S / self._usual_s), _MOST_AHEAD)
        return max(self._slots + ahead - len(self._held) - len(self._ahead), 0)

    def _take(self, claims: Iterable[Claim]) -> None:
        """Begin with these as soon as there is a slot."""
        now = time.monotonic()
        self._ahead.extend((claim, now) for claim in claims)
        self._fill()

    def _fill(self) -> None:
        while self._ahead and len(self._held) < self._slots:
            claim, _ = self._ahead.popleft()
            self._held[claim.id] = claim, asyncio.create_task(self._work_on(claim))

    def _news(self) -> list[Report]:
        """What there is to report since the last time."""
        reports, self._reports = self._reports, []
        progress, self._progress = self._progress, {}
        now = time.monotonic()
        while self._ahead and (self._stopping or now - self._ahead[0][1] > 5 * _AHEAD_S):
            reports.append(Report.release(self._ahead.popleft()[0]))
        if now - self._renewed >= self._lease_s / 3:
            self._renewed = now
            progress = dict.fromkeys(self._held, "") | progress
        held = ((self._held.get(id_), text) for id_, text in progress.items())
        return reports + [Report.renew(its[0], text) for its, text in held if its]

    async def _said(self, reports: list[Report], free: int) -> Round:
        """A round, made again until Redis answers: what was accepted already is accepted again."""
        backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        idle_ms = round(_LISTEN_S * 1000) if free else 0
        while True:
            try:
                return await self._queue.round(self.name, reports, claim=free, idle_ms=idle_ms)
            except RedisUnavailable as error:
                log.warning("worker.redis_lost", queue=self._queue.name, error=str(error))
            await backoff.pause()

    async def _rest(self, due_ms: int | None) -> None:
        """Until something has ended or was handed over, or it is time to say something."""
        most_s = min(_LISTEN_S * 0.8, self._lease_s / 3)
        wait_s = most_s if due_ms is None else min(most_s, (due_ms + 1) / 1000)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        await asyncio.sleep(0)

    async def _listen(self) -> None:
        """Take what is handed over, until there can be nothing more on the bell."""
        while True:
            is_last = self._is_off
            try:
                rung = await self._queue.listen(self.name, _LAST_S if is_last else _LISTEN_S)
            except RedisUnavailable:
                if self._stopping:
                    return
                await asyncio.sleep(_FIRST_PAUSE_S)
                continue
            if rung:
                self._take([Claim.of(*rung.split("\n", 2))])
                await _give_way()
            elif self._stopping and (is_last or rung is not None):
                return
            self._wake.set()

    async def _work_on(self, claim: Claim) -> None:
        began = time.monotonic()
        try:
            report = await self._run(claim)
        except asyncio.CancelledError:
            return  # it is no longer ours, or we are at our end
        except Exception as error:
            log.exception("worker.failed", queue=self._queue.name, task=claim.id)
            report = Report.retry(claim, repr(error), 1)
        took_s = time.monotonic() - began
        self._usual_s = (
            took_s if self._usual_s == float("inf") else (4 * self._usual_s + took_s) / 5
        )
        held = self._held.get(claim.id)
        if held is not None and held[0] is claim:
            del self._held[claim.id]
            self._reports.append(report)
            self._fill()
            self._wake.set()

    def _lose(self, id_: str) -> None:
        held = self._held.pop(id_, None)
        if held is not None:
            log.warning("worker.task_lost", queue=self._queue.name, task=id_)
            held[1].cancel()
            self._fill()


async def _give_way() -> None:
    """A task that was just begun runs, and whoever waits for it goes on, before we do."""
    for _ in range(2):
        await asyncio.sleep(0)
