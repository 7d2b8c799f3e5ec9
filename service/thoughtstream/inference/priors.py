"""What is expected of a quantity, in four levels: basal ⊃ lineage ⊃ dispositional ⊃ learned.

The basal one is given and never changes: around what the quantity is expected, and what is
forbidden. Each level within it is made of observations, kept as sufficient statistics (weight,
mean, squares): the lineage's forgets slowly, the dispositional one quicker, the learned one so
quickly that it follows the world. Each level is drawn to the one around it, as if that were one
observation, and its mean stays within some deviations of it.

Statistics add up, in any order (Chan, Golub and LeVeque 1983). So of many agents each keeps its
own, and whoever wants to know adds them: nothing is counted twice, however often they are
exchanged, as of each agent only the newest counts. To multiply the agents' posteriors instead would
count the prior that they share once for each, and again with each exchange.

Forgetting by a discount: Kulhavý and Zarrop 1993. Drawing a level to the one around it is the
posterior of a normal-inverse-gamma prior of one observation: Murphy 2007, section 3.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from thoughtstream.inference.arrays import numbers, share

Level = Literal["lineage", "dispositional", "learned"]

DISCOUNT: Mapping[Level, float] = MappingProxyType(
    {"lineage": 0.999, "dispositional": 0.97, "learned": 0.9}
)
"""What is left of an observation when another has come: it remembers 1,000, 33 and 10 of them."""

REACH = 3.0
"""An inner mean stays within so many deviations of the outer one."""

_OUTER = 1.0
"""The outer level counts as so many observations of the inner one."""


LEAST, MOST = 1e-60, 1e60
"""No value, mean or deviation is larger, and no deviation smaller, so that their squares can be
divided by one another."""


def moderate(name: str, given: float) -> float:
    """A number that is not too large for the squares of numbers.

    Raises:
        ValueError: it is, or none.
    """
    number = float(numbers(name, given))
    if abs(number) > MOST:
        raise ValueError(f"{name}: is {given:g}; give a number from {-MOST:g} to {MOST:g}")
    return number


@dataclass(frozen=True)
class Statistics:
    """Of some observations: how many (`weight`, 0 or more; less than there were where some are
    forgotten), their mean, and the sum of the squares of what each is away from it.
    """

    weight: float = 0.0
    mean: float = 0.0
    squares: float = 0.0

    def after(self, value: float, discount: float = 1.0) -> "Statistics":
        """With one more observation; of those before it, a share is left (`discount`, 0 to 1).

        Raises:
            ValueError: the value is no finite number, or the discount is none.
        """
        one = Statistics(1.0, moderate("value", value))
        left = share("discount", discount)
        return Statistics(self.weight * left, self.mean, self.squares * left) + one

    def __add__(self, other: "Statistics") -> "Statistics":
        weight = self.weight + other.weight
        if not weight:
            return Statistics()
        part, apart = other.weight / weight, other.mean - self.mean
        squares = self.squares + other.squares + apart * apart * self.weight * part
        return Statistics(weight, self.mean + apart * part, squares)

    @classmethod
    def sum(cls, them: Iterable["Statistics"]) -> "Statistics":
        """All together."""
        total = cls()
        for one in them:
            total += one
        return total


Report = tuple[int, Statistics]
"""What one agent has: how many observations it ever made, and their statistics."""


def newest(*exchanged: Mapping[str, Report]) -> dict[str, Report]:
    """Of what agents have told each other, by agent, the newest of each: in any order, however
    often. Source: Shapiro et al. 2011 (state-based counters).
    """
    found: dict[str, Report] = {}
    for reports in exchanged:
        for agent, report in reports.items():
            if agent not in found or report[0] > found[agent][0]:
                found[agent] = report
    return found


def added_up(reports: Mapping[str, Report]) -> Statistics:
    """What all agents have seen together."""
    return Statistics.sum(reports[agent][1] for agent in sorted(reports))


@dataclass(frozen=True)
class Expectation:
    """What is expected of the next observation: mean and deviation, in its unit."""

    mean: float
    deviation: float

    @property
    def variance(self) -> float:
        """In the unit, squared."""
        return self.deviation**2

    def surprise(self, value: float) -> float:
        """-ln of the value's density, in nats."""
        apart = (value - self.mean) / self.deviation
        return 0.5 * (math.log(2 * math.pi) + apart * apart) + math.log(self.deviation)


@dataclass(frozen=True)
class Basal(Expectation):
    """The outermost level, which never changes. What is not from `least` to `most` is forbidden."""

    least: float = -math.inf
    most: float = math.inf

    def __post_init__(self) -> None:
        """Raises: ValueError: it can be no prior."""
        moderate("mean", self.mean)
        if not moderate("deviation", self.deviation) >= LEAST:
            raise ValueError(
                f"deviation: is {self.deviation:g}; give a number over 0, from {LEAST:g}"
            )
        if not self.least <= self.mean <= self.most:
            raise ValueError(
                f"mean: is {self.mean}, which it forbids itself ({self.least} to {self.most})"
            )

    def check(self, value: float) -> float:
        """The value, if it may be.

        Raises:
            ValueError: it is forbidden, or no finite number.
        """
        if not self.least <= moderate("value", value) <= self.most:
            raise ValueError(
                f"value: is {value:g}; the basal prior allows {self.least:g} to {self.most:g}"
            )
        return float(value)


def expectations(
    basal: Basal, inner: Sequence[Statistics], *, reach: float = REACH
) -> list[Expectation]:
    """What each level expects, the outermost first: the basal one, then the `inner` ones.

    `reach`: within so many deviations of the outer mean an inner one stays, over 0.

    Raises:
        ValueError: the reach is not over 0.
    """
    if not reach > 0:
        raise ValueError(f"reach: is {reach}; give a number over 0")
    found: list[Expectation] = [Expectation(basal.mean, basal.deviation)]
    for seen in inner:
        found.append(_within(found[-1], seen, basal, reach))
    return found


def _within(outer: Expectation, seen: Statistics, basal: Basal, reach: float) -> Expectation:
    drawn = Statistics(_OUTER, outer.mean, _OUTER * outer.variance) + seen
    least = max(outer.mean - reach * outer.deviation, basal.least)
    most = min(outer.mean + reach * outer.deviation, basal.most)
    return Expectation(min(max(drawn.mean, least), most), math.sqrt(drawn.squares / drawn.weight))
