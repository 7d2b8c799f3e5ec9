"""When to compute a value anew though its time to live has not ended, so that nobody waits for it.

XFetch: whoever reads a value draws a number from an exponential distribution, and computes it anew
if the draw times the cost of computing is at least what is left of its time to live. The source is
A. Vattani, F. Chierichetti, K. Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", PVLDB
8(8), 2015 (doi:10.14778/2757807.2757813).

A hit must not cost more than its GET. So a process remembers when the values end that it reads, and
asks Redis only when its memory says that it is time, or when it reads a value for the second time.
"""

import random
import time

_UNKNOWN = float("-inf"), 0.0


class Ends:
    """When values end, and what they cost, as far as this process knows; of so many values."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._ends: dict[str, tuple[float, float]] = {}

    def note(self, name: str, left_s: float, cost_s: float) -> None:
        """It ends in so many seconds, and took so many to compute."""
        self._remember(name, (time.monotonic() + left_s, cost_s))

    def draw(self, name: str) -> float | None:
        """Whoever reads this value draws: None, if it is not time, else what was drawn."""
        known = self._ends.get(name)
        if known is None:
            self._remember(name, _UNKNOWN)
            return None
        end, cost_s = known
        drawn = random.expovariate(1)
        return drawn if time.monotonic() + cost_s * drawn >= end else None

    def forget(self, name: str) -> None:
        """It is not there any more."""
        self._ends.pop(name, None)

    def _remember(self, name: str, end: tuple[float, float]) -> None:
        self._ends.pop(name, None)
        self._ends[name] = end
        if len(self._ends) > self._most:
            del self._ends[next(iter(self._ends))]
