"""Figures of recall: of each question, what of its evidence was found; compared in pairs."""

import random
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

PLACES = (1, 5, 10, 20)
_RESAMPLES = 2000
_TAIL = 0.025


@dataclass(frozen=True)
class Answer:
    """Of one question: the part of its evidence among the first 1, 5, 10 and 20 memories, and one
    over the place of the first that is evidence.
    """

    index: str
    file: str
    question: str
    category: str
    at: dict[str, float]
    reciprocal: float
    seconds: float

    @classmethod
    def of(
        cls, index: str, file: str, question: str, category: str,
        evidence: frozenset[str], found: Sequence[str], seconds: float,
    ) -> Self:  # fmt: skip
        """`found`: the turns, best first."""
        at = {str(place): len(evidence & set(found[:place])) / len(evidence) for place in PLACES}
        right = (1 / place for place, turn in enumerate(found, 1) if turn in evidence)
        return cls(index, file, question, category, at, next(right, 0.0), seconds)

    @property
    def values(self) -> list[float]:
        """@1, @5, @10, @20, MRR."""
        return [*self.at.values(), self.reciprocal]


NAMES = (*(f"@{place}" for place in PLACES), "MRR")


def means(answers: Iterable[Answer]) -> list[float]:
    """Of each value, its mean."""
    columns = zip(*(answer.values for answer in answers), strict=True)
    return [statistics.mean(column) for column in columns]


def as_json(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """For `from_json`."""
    return [asdict(answer) for answer in answers]


def from_json(rows: Iterable[dict[str, Any]]) -> list[Answer]:
    """Of `as_json`."""
    return [Answer(**row) for row in rows]


@dataclass(frozen=True)
class Change:
    """A mean difference, and where 95 of 100 resamples of the questions have it."""

    mean: float
    low: float
    high: float


def compared(now: Iterable[Answer], before: Iterable[Answer]) -> list[Change]:
    """Of each value, how it changed in the questions that both have: paired, by bootstrap. With
    several files, files are drawn first and then questions in them.

    Raises:
        ValueError: they have no question in common.
    """
    earlier = {_key(answer): answer for answer in before}
    by_file: dict[str, list[list[float]]] = {}
    for answer in now:
        if known := earlier.get(_key(answer)):
            pairs = zip(answer.values, known.values, strict=True)
            by_file.setdefault(answer.file, []).append([new - old for new, old in pairs])
    if not by_file:
        raise ValueError("the two runs have no question in common")
    chance = random.Random(0)
    drawn = sorted_columns(_resampled(by_file, chance) for _ in range(_RESAMPLES))
    actual = [statistics.mean(column) for column in zip(*_all(by_file), strict=True)]
    cut = int(_RESAMPLES * _TAIL)
    return [
        Change(mean, column[cut], column[-cut - 1])
        for mean, column in zip(actual, drawn, strict=True)
    ]


def sorted_columns(rows: Iterable[Sequence[float]]) -> list[list[float]]:
    """Rows as columns, each sorted."""
    return [sorted(column) for column in zip(*rows, strict=True)]


def _resampled(by_file: dict[str, list[list[float]]], chance: random.Random) -> list[float]:
    files = list(by_file.values())
    rows = [
        row
        for file in chance.choices(files, k=len(files))
        for row in chance.choices(file, k=len(file))
    ]
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def _all(by_file: dict[str, list[list[float]]]) -> list[list[float]]:
    return [row for rows in by_file.values() for row in rows]


def _key(answer: Answer) -> tuple[str, str, str]:
    return answer.index, answer.file, answer.question
