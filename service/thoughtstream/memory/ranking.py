"""Which of some memories answer a question best. The same for every index, which only proposes.

A linear model: the score of a memory is e to the sum of its features by their weights, so that
scores compare like chances. The weights are data (`weights.json`, which says what they were fitted
on); `tests/bench/fit_recall.py` makes them.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from heapq import heapify, heappop
from itertools import chain
from pathlib import Path

from thoughtstream.memory.embedder import Near
from thoughtstream.memory.features import (
    FEATURES,
    MEANING,
    Columns,
    Pool,
    Question,
    Stretch,
    columns,
    meant,
)
from thoughtstream.memory.models import Reason
from thoughtstream.memory.traits import Trait

WEIGHTS = Path(__file__).parent / "weights.json"
"""The fitted weights, and what they were fitted on."""


def idf(memories: int, frequency: int) -> float:
    """BM25's inverse document frequency: how much a word tells, given how many memories have it."""
    frequency = min(frequency, memories)
    return math.log(1 + (memories - frequency + 0.5) / (frequency + 0.5))


@cache
def fitted(with_meaning: bool = False) -> dict[str, float]:
    """The weights of the features; with an embedder, they are others."""
    found = json.loads(WEIGHTS.read_text())["weights_with_meaning" if with_meaning else "weights"]
    names = FEATURES | MEANING if with_meaning else FEATURES
    return {name: float(found[name]) for name in names}


@dataclass(slots=True)
class Ranked:
    """A memory and its score; `reasons` tells why, the weightiest first."""

    trait: Trait
    score: float
    found: Columns
    weights: Mapping[str, float]
    at: int

    def reasons(self) -> tuple[Reason, ...]:
        """The features that it has. The logarithm of the score is the sum of their shares."""
        weights = self.weights
        reasons = (
            Reason(feature=name, value=value, weight=weights[name], share=value * weights[name])
            for name, value in ((name, column[self.at]) for name, column in self.found.items())
            if value
        )
        return tuple(sorted(reasons, key=lambda reason: -abs(reason.share)))


def ranked(
    text: str, idfs: Mapping[str, float], pool: Pool, today: date, near: Near | None = None
) -> Iterator[Ranked]:
    """The memories for which anything speaks, best first; of equals, what was said first.

    Args:
        text: the question.
        idfs: by stem of its words, how much it tells.
        today: what "last week" in the question counts from.
        near: how near memories are to the question in their meaning, if it is known.
    """
    latest = min(today, pool.latest)
    question = Question.of(text, idfs, pool.speakers, today, latest)
    kind_idf = _idf_of(question, pool)
    weights = fitted(near is not None)
    by_stretch: list[tuple[Stretch, Columns]] = []
    order: list[tuple[float, str, str, int, int]] = []
    for stretch in filter(None, pool.stretches):
        by_name, speaks = columns(question, stretch, pool.mean_length, kind_idf)
        if near is not None:
            by_meaning, is_meant = meant(stretch, near)
            by_name |= by_meaning
            speaks = [words or meaning for words, meaning in zip(speaks, is_meant, strict=True)]
        chosen = [at for at, speaks_for_it in enumerate(speaks) if speaks_for_it]
        traits, number = stretch.traits, len(by_stretch)
        order += [
            (-score, traits[at].place, traits[at].location.kind, number, at)
            for at, score in zip(chosen, _sums(by_name, weights, chosen), strict=True)
        ]
        by_stretch.append((stretch, by_name))
    heapify(order)  # most are never asked for
    while order:
        negative, _, _, number, at = heappop(order)
        stretch, by_name = by_stretch[number]
        yield Ranked(stretch.traits[at], math.exp(-negative), by_name, weights, at)


def _sums(by_name: Columns, weights: Mapping[str, float], chosen: Sequence[int]) -> list[float]:
    """Of the chosen places."""
    total = [0.0] * len(chosen)
    for name, column in by_name.items():
        weight = weights[name]
        total = [one + weight * column[at] for one, at in zip(total, chosen, strict=True)]
    return total


def _idf_of(question: Question, pool: Pool) -> dict[str, float]:
    """Of the words of the kinds that are asked for."""
    if not question.kinds:
        return {}
    things = chain.from_iterable(stretch.things for stretch in pool.stretches)
    frequency = Counter(filter(question.kinds.__contains__, chain.from_iterable(things)))
    return {word: idf(len(pool.traits), count) for word, count in frequency.items()}
