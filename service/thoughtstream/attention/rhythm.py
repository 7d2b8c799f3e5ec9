"""How fast a service attends: what it says of itself of the last ten seconds."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from thoughtstream.measuring.measures import NOTHING, Measures
from thoughtstream.measuring.service import CYCLE, LATENESS, LOOP_DELAY

_LATELY_S = 10.0
_MOST = 10_000
"""Cycles that are kept: of a service that does more in ten seconds, the last ones tell."""

_TICK_S = 0.25


class Rhythm:
    """Fed by the loops, and by its own ticks: how late they come is how long everything waits in
    this process.
    """

    def __init__(
        self, measures: Measures = NOTHING, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._measures = measures
        self._clock = clock
        self._since = self._clock()
        self._cycles = deque[tuple[float, float]](maxlen=_MOST)
        self._late = deque[tuple[float, float]](maxlen=_MOST)

    def cycle(self, took_s: float, *, late_s: float = 0.0, mode: str = "select") -> None:
        """A cycle took so long, there and back, and began so late."""
        self._cycles.append((self._clock(), took_s))
        self._measures.observe(CYCLE, took_s, mode)
        self._measures.observe(LATENESS, max(late_s, 0.0))

    async def tick(self) -> None:
        """Note how late a timer is, again and again, until cancelled."""
        while True:
            due = self._clock() + _TICK_S
            await asyncio.sleep(_TICK_S)
            self.late(self._clock() - due)

    def late(self, by_s: float) -> None:
        """A timer came so much later than it was due."""
        self._late.append((self._clock(), max(by_s, 0.0)))
        self._measures.observe(LOOP_DELAY, max(by_s, 0.0))

    def said(self) -> dict[str, Any]:
        """Cycles a second; p50 and p99 of a cycle, and the longest delay of the loop, in ms. None:
        there was none.
        """
        cycles, late = self._lately(self._cycles), self._lately(self._late)
        since = self._cycles[0][0] if len(cycles) == _MOST else self._since
        span_s = min(max(self._clock() - since, _TICK_S), _LATELY_S)
        return {
            "cycles_per_s": round(len(cycles) / span_s, 2),
            "cycle_p50_ms": _ms_at(cycles, 0.50),
            "cycle_p99_ms": _ms_at(cycles, 0.99),
            "loop_delay_ms": _ms_at(late, 1.0),
        }

    def _lately(self, noted: deque[tuple[float, float]]) -> list[float]:
        oldest = self._clock() - _LATELY_S
        while noted and noted[0][0] < oldest:
            noted.popleft()
        return sorted(seconds for _, seconds in noted)


def _ms_at(ordered_s: list[float], part: float) -> float | None:
    if not ordered_s:
        return None
    return round(1000 * ordered_s[min(int(part * len(ordered_s)), len(ordered_s) - 1)], 3)
