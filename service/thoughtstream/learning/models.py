"""What is known of a quantity, and what came of an observation or a choice."""

from dataclasses import dataclass, field

from thoughtstream.errors import InvalidBelief
from thoughtstream.inference.priors import Basal, Statistics

SEEDS = ("basal", "lineage", "dispositional", "learned")
"""The levels; each predicts, as a thoughtseed of its own."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """What one level, or all together, expect: mean and deviation in the quantity's unit, and what
    is usual of the error of that (a root mean square; None: nothing was observed yet).
    """

    mean: float
    deviation: float
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of a quantity. `observations`: how many were made; `levels`: what each level
    expects; `weights`: how much each counts in `expected`, which is what all expect together;
    `total_error`: of each level, and of all together (`expected`), over all observations.
    """

    quantity: str
    expected: Predicted
    observations: int
    levels: dict[str, Predicted]
    weights: dict[str, float]
    total_error: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of an observation: what had been expected, how surprising it was (nats), and how
    many the agent has made.
    """

    quantity: str
    value: float
    expected: Predicted
    surprise: float
    observations: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: the action, how probable each state of the world is now, how much the agent
    is inclined to each action, how surprising the observation was (nats), the how-many-th choice.
    """

    action: int
    states: list[float]
    inclination: list[float]
    surprise: float
    step: int


def numbers_of(text: str, many: int, key: str) -> list[float]:
    """The numbers of a text that a Function wrote.

    Raises:
        InvalidBelief: it is something else.
    """
    try:
        found = [float(word) for word in text.split()]
    except ValueError:
        found = []
    if len(found) != many:
        raise InvalidBelief(
            f"{key}: holds {text[:40]!r}, which Thoughtstream has not written; delete it"
        )
    return found


def basal_of(text: str, key: str) -> Basal:
    """A basal prior as it is kept."""
    mean, deviation, least, most = numbers_of(text, 4, key)
    return Basal(mean, deviation, least, most)


def text_of(basal: Basal) -> str:
    """A basal prior as it is to be kept: the same numbers, always the same text."""
    return " ".join(map(repr, (basal.mean, basal.deviation, basal.least, basal.most)))


def statistics_of(texts: list[str], key: str) -> tuple[int, Statistics]:
    """How many observations some agents have made, and their statistics, added up."""
    rows = [numbers_of(text, 4, key) for text in sorted(texts)]
    return sum(int(row[0]) for row in rows), Statistics.sum(Statistics(*row[1:]) for row in rows)
