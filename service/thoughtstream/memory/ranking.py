"""Which of some memories answer a query best. The same for every index, which only proposes.

The score of a memory is BM25 over its words, more where words of the query stand side by side,
plus a part of what its neighbours in time score: what was said just before and after tells what
a memory is about. A question hands more of its score on than a statement does, since what follows
answers it.

The constants were chosen where the figures of `tests/bench/recall.py` are flat around them.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from thoughtstream.language.words import Query, stems

REACH = 4
"""Neighbours that count, on either side."""

_BEFORE, _QUESTION_BEFORE, _AFTER = 0.5, 0.9, 0.3
_FADE = 0.7
_SATURATION, _LENGTH = 1.2, 0.3
_NEAR = 4
_FAR, _MEANING = 0.1, 0.5
_QUESTION_MARKS = ("?", "\uff1f", "\u061f")

Key = TypeVar("Key")


def idf(memories: int, frequency: int) -> float:
    """BM25's inverse document frequency: how much a word tells, given how many memories have it."""
    frequency = min(frequency, memories)
    return math.log(1 + (memories - frequency + 0.5) / (frequency + 0.5))


def scores(
    query: Query,
    stretches: Sequence[Mapping[Key, str]],
    weights: Mapping[str, float],
    cosine: Callable[[Key], float | None] | None = None,
) -> dict[Key, float]:
    """The score of every memory; 0 if nothing speaks for it.

    Args:
        stretches: contents in order, each stretch without a gap.
        weights: by stem of the query, its `idf`.
        cosine: how near a memory's meaning is to the query's, -1..1; None: it isn't known.
    """
    texts = [stems(content) for stretch in stretches for content in stretch.values()]
    mean_length = max(1.0, sum(map(len, texts)) / max(1, len(texts)))
    found: dict[Key, float] = {}
    for stretch in stretches:
        contents = list(stretch.values())
        own = [_own(query, stems(content), weights, mean_length) for content in contents]
        if cosine is not None:
            near = (_meaning(cosine(key), weights) for key in stretch)
            own = [score + more for score, more in zip(own, near, strict=True)]
        asks = [content.rstrip().endswith(_QUESTION_MARKS) for content in contents]
        found.update(zip(stretch, _shared(own, asks), strict=True))
    return found


def _meaning(cosine: float | None, weights: Mapping[str, float]) -> float:
    """What a memory scores for being near the question (a cosine, None if it isn't known), in terms
    of the words of the question.
    """
    return max(0.0, (cosine or 0.0) - _FAR) * _MEANING * sum(weights.values())


def _own(
    query: Query, text: Sequence[str], weights: Mapping[str, float], mean_length: float
) -> float:
    counts = Counter(word for word in text if word in weights)
    if not counts:
        return 0.0
    norm = _SATURATION * (1 - _LENGTH + _LENGTH * len(text) / mean_length)
    score = sum(
        weights[word] * count * (_SATURATION + 1) / (count + norm) for word, count in counts.items()
    )
    return score + _closeness(query, text, weights, counts)


def _closeness(
    query: Query, text: Sequence[str], weights: Mapping[str, float], counts: Counter[str]
) -> float:
    """For words that follow each other in the query: how close together they are in the text."""
    score = 0.0
    for one, next_one in pairwise(term.stem for term in query.terms):
        if one in counts and next_one in counts:
            distance = _distance(text, one, next_one)
            if distance <= _NEAR:
                nearness = 1.0 if distance <= _NEAR / 2 else 0.5
                score += nearness * (weights[one] + weights[next_one]) / 2
    return score


def _distance(text: Sequence[str], one: str, other: str) -> int:
    nearest, seen_one, seen_other = len(text), -len(text), -len(text)
    for at, word in enumerate(text):
        if word == one:
            seen_one = at
            nearest = min(nearest, at - seen_other)
        elif word == other:
            seen_other = at
            nearest = min(nearest, at - seen_one)
    return nearest


def _shared(own: Sequence[float], asks: Sequence[bool]) -> list[float]:
    """Each score plus its share of the neighbours' scores."""
    total = list(own)
    for at, score in enumerate(own):
        if not score:
            continue
        for step in range(1, REACH + 1):
            fade = score * _FADE ** (step - 1)
            if at + step < len(own):
                share = _QUESTION_BEFORE if step == 1 and asks[at] else _BEFORE
                total[at + step] += share * fade
            if at - step >= 0:
                total[at - step] += _AFTER * fade
    return total
