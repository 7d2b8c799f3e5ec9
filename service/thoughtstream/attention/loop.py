"""The attention of one mind: cycle after cycle at its pace, until there is nothing to do."""

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable

import structlog
from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.attention.attention import Attention, Mode
from thoughtstream.attention.models import CycleReport
from thoughtstream.attention.rhythm import Rhythm
from thoughtstream.faults import Faults
from thoughtstream.store.outages import OUTAGES, is_of_one_mind
from thoughtstream.store.wakeups import Wakeups

_NOISE = 10
_REFUSED_PAUSE_S = 1.0
_PASSING_PAUSE_S = 0.05

log = structlog.get_logger()


OnCycle = Callable[[str, CycleReport, float], None]
"""Is told of a mind, what a cycle did, and how long it took (s)."""


class AttentionLoop:
    """Runs the cycles of one mind while it has something to do. Survives a lost connection: the
    cycle that was in flight is requested again with its token, so that no thought is attended
    twice.
    """

    def __init__(
        self,
        attention: Attention,
        mind: str,
        *,
        target_ms: int,
        rhythm: Rhythm,
        on_cycle: OnCycle,
        faults: Faults,
    ) -> None:
        self.mind = mind
        self.windows: tuple[str, ...] = keys.STANDARD_WINDOWS
        self.watched: tuple[str, ...] = ()
        self._attention = attention
        self._target_s = target_ms / 1000
        self._on_cycle = on_cycle
        self._faults = faults
        self._rhythm = rhythm
        self._clock = time.monotonic
        self._wake = asyncio.Event()
        self._woken_at = self._clock()
        self._token = uuid.uuid4().hex
        self._mode: Mode = "select"
        self._noise = 0

    def wake(self, windows: tuple[str, ...]) -> None:
        """There may be something new in these windows, which are all it has."""
        self.windows = windows
        self._noise += 1
        if not self._wake.is_set():
            self._woken_at = self._clock()
            self._wake.set()

    async def run(
        self,
        wakeups: Wakeups | None,
        turns: asyncio.Semaphore,
        watched: tuple[str, ...],
        on_rest: Callable[[], None],
    ) -> None:
        """Attend until nothing is left that could be attended, or come to its end; then `on_rest`
        is called, and a thought that comes afterwards needs another run. All windows are watched
        then, if there are `wakeups`. Whatever else goes wrong is of this mind alone: it pauses.

        `turns`: how many cycles run at once on one server. `watched`: the windows that are.

        Raises:
            redis ConnectionError, TimeoutError: Redis was lost; run it again once it is back.
        """
        self.watched = watched
        while True:
            try:
                await self._attend(wakeups, turns)
                break
            except Exception as error:
                if isinstance(error, OUTAGES) and not isinstance(error, ResponseError):
                    raise
                await asyncio.sleep(self._pause_after(error))
        on_rest()

    async def _attend(self, wakeups: Wakeups | None, turns: asyncio.Semaphore) -> None:
        """Until nothing is left, or something goes wrong."""
        clock = self._clock
        due = clock()
        while True:
            self._wake.clear()
            started = clock()
            report = await self._cycle(turns, due)
            due = clock() if report.overdue else started + self._target_s
            if report.more or report.overdue:
                self._unwatch(wakeups)
            elif await self._watch(wakeups):
                due = clock()
                continue
            elif report.next_due_ms is None and not self._wake.is_set():
                return
            else:
                due = max(due, await self._idle(report))
            await asyncio.sleep(due - clock())

    async def _cycle(self, turns: asyncio.Semaphore, due: float) -> CycleReport:
        mode = self._mode
        try:
            async with turns:
                started = self._clock()
                report = await self._attention.cycle(
                    self.mind, self.windows, token=self._token, mode=mode
                )
                took = self._clock() - started
                self._rhythm.cycle(took, late_s=started - due, mode=mode)
        except OUTAGES as error:
            if not isinstance(error, ResponseError):
                self._mode = "again"
            raise
        self._token, self._mode = uuid.uuid4().hex, "select"
        self._on_cycle(self.mind, report, took)
        self._faults.well(self.mind, "attention")
        return report

    def _pause_after(self, error: Exception) -> float:
        """How long to wait (s), since a cycle was refused or its report can't be understood."""
        if isinstance(error, OUTAGES):  # e.g. its slot is moving to another server
            log.debug("cycle.failed", mind=self.mind, error=str(error))
            return _PASSING_PAUSE_S
        if is_of_one_mind(error):
            return self._faults.failed(self.mind, "attention", error)
        log.error("cycle.failed", mind=self.mind, error=str(error))
        return _REFUSED_PAUSE_S

    async def _idle(self, report: CycleReport) -> float:
        """Until there may be something to do; returns since when (by the clock of this loop)."""
        wait_s, began = None, self._clock()
        if report.next_due_ms is not None:
            wait_s = (report.next_due_ms - report.now_ms + 1) / 1000
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:  # a thought is due
            return began + (wait_s or 0)
        return self._woken_at

    async def _watch(self, wakeups: Wakeups | None) -> bool:
        """Watch all windows; True if one was not watched yet, so that another cycle is due."""
        windows = self.windows
        missing = [window for window in windows if window not in self.watched]
        if wakeups is None or not missing:
            return False
        await wakeups.watch(window_keys(self.mind, missing))
        self.watched = windows
        self._noise = 0
        return True

    def _unwatch(self, wakeups: Wakeups | None) -> None:
        """A busy mind runs cycles anyway: a notification of every write would only be noise."""
        if wakeups is None or not self.watched or self._noise < _NOISE:
            return
        wakeups.unwatch(window_keys(self.mind, self.watched))
        self.watched = ()


def window_keys(mind: str, windows: Iterable[str]) -> list[str]:
    """The keys of these windows."""
    prefix = keys.WINDOW.key(mind=mind, window="_")[:-1]
    return [prefix + keys.encode_name(window) for window in windows]
