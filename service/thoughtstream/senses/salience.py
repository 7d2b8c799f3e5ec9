"""How salient a thought is whose source does not say. All rules are pure and deterministic.

* A **reading** (load, memory, …) is as salient as it is surprising: with z its distance from the
  running mean in running standard deviations, `z² / (z² + 3)`. One deviation gives 0.25, two 0.57,
  three 0.75, six 0.92. Mean and deviation follow the readings (the last minute or so weighs most),
  so that what persists becomes usual. A first reading, of which nothing was expected, is none.
* An **event** (a process, a kind of log line) is as salient as it is rare: `weight / √n` the nth
  time it is seen, never under a quarter of its weight.
* A **text** starts at 0.3 and gains by what it tells: words and names that its source has not said
  before, its length, somebody's own doings, when or how many. It ends in [0.3, 0.9].
"""

import math
from dataclasses import dataclass
from operator import mul
from typing import NamedTuple

from thoughtstream.config import SalienceConfig

USUAL_READINGS = 30
"""How many readings the running mean remembers, about."""

TEXT_LEAST, TEXT_MOST = 0.3, 0.9


@dataclass(frozen=True)
class Expectation:
    """What is usual for one signal: running mean and variance, in the signal's unit."""

    mean: float = 0.0
    variance: float = 0.0
    seen: int = 0

    def after(self, value: float) -> "Expectation":
        """The expectation when this value has been seen too (exponentially weighted)."""
        weight = max(1 / (self.seen + 1), 1 / USUAL_READINGS)
        step = value - self.mean
        return Expectation(
            mean=self.mean + weight * step,
            variance=(1 - weight) * (self.variance + weight * step * step),
            seen=self.seen + 1,
        )


def of_reading(expected: Expectation, value: float, *, least: float) -> float:
    """The salience of a reading, 0 to 1.

    Args:
        expected: what the readings before it made usual.
        value: the reading.
        least: the smallest deviation that means anything, in the reading's unit; a signal that
            never moves must not make its first twitch a sensation.
    """
    if expected.seen == 0:
        return 0.0
    deviation = max(math.sqrt(expected.variance), least)
    z = (value - expected.mean) / deviation
    return z * z / (z * z + 3)


def of_event(weight: float, times: int) -> float:
    """The salience of an event of this weight (0 to 1), seen for the `times`-th time."""
    return weight * max(1 / math.sqrt(times), 0.25)


class Told(NamedTuple):
    """What a text tells, each from 0 to 1, the more the more (see `hearing.py`).

    `news`: words that its source has not said before, beside how many are usual there. `length`: of
    all that is told. `names` that are news. `own`: somebody speaks of themself. `counted`: it says
    when or how many.
    """

    news: float
    length: float
    names: float
    own: float
    counted: float


def weights(config: SalienceConfig) -> Told:
    """What each part is worth at most."""
    return Told(**{part: getattr(config, part) for part in Told._fields})


TEXT_WEIGHTS = weights(SalienceConfig())


def of_text(told: Told, worth: Told = TEXT_WEIGHTS) -> float:
    """The salience of a text that tells this, 0.3 to 0.9; `worth`: of each part at most."""
    gains: float = sum(map(mul, worth, told))
    return round(min(TEXT_LEAST + gains, TEXT_MOST), 3)
