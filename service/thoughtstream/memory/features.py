"""The features of the ranking: what speaks for a memory as an answer to a question.

Each is a number for each memory of a stretch; `FEATURES` says what they mean. Weights of words are
their `idf`; what is handed on to neighbours in time ends where the day does.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise
from operator import attrgetter

from thoughtstream.language.kinds import of_kind
from thoughtstream.language.questions import wanted
from thoughtstream.language.times import Span, days_in
from thoughtstream.language.words import Query, stems, words
from thoughtstream.memory.embedder import Near
from thoughtstream.memory.traits import Sign, Text, Trait, hashed
from thoughtstream.memory.who import named_in

FEATURES: dict[str, str] = {
    "close": "words that follow each other in the question stand close together",
    "asked_before": "the score by words of a question just before it, of somebody else",
    "went_on": "the same of what the same speaker said just before",
    "echo": "the same of all that was said before it, fading fast",
    "hum": "the same of all that was said around it, fading slowly",
    "cover": "the part of the question's words that it has",
    "around": "the words of the question in or around it, each once, by how near they are",
    "speaker": "it was said by somebody whom the question names",
    "kind": "it has something of the kind that the question asks for",
    "day": "it was said on or near the day of the question, or is about that day",
    "time": "it has words of time, and the question asks when or how long",
    "number": "it has a number, and the question asks how many",
    "name": "it has names, and the question asks who, where or which",
    "reason": "it gives a reason, and the question asks why",
    "title": "it has something in quotation marks, and the question asks for a title or a saying",
    "myself": "it is told in the first person",
    "asks": "it has a question itself",
}

MEANING: dict[str, str] = {
    "means": "it means what the question means",
    "meant_before": "the same of what was said before it",
    "meant_after": "the same of what was said after it",
}
"""Those that there are with an embedder only."""

_ECHO, _HUM = 0.7, 0.92
_AHEAD = tuple(0.75**step for step in range(1, 5))
_BACK = tuple(0.65**step for step in range(1, 5))
_SATURATION, _LENGTH = 1.2, 0.5
_NEAR = 4
_FAR = 0.1
_KIND_WORDS = 8
_DAYS_AFTER, _DAYS_BEFORE = 10.0, 3.0

_DIGITS = {str(digit): float(digit) for digit in range(10)}
_ANSWERS = {
    "when": ("time", Sign.TIMES),
    "count": ("number", Sign.NUMBER),
    "name": ("name", Sign.NAMES),
    "why": ("reason", Sign.REASON),
    "title": ("title", Sign.QUOTES),
}
"""By what a question wants: what is found in an answer, and its sign."""

Columns = dict[str, list[float]]
Found = Mapping[str, Mapping[int, int]]
"""By stem, which memories have it, and how often."""


@dataclass(frozen=True)
class Question:
    """A question, put to a mind with these speakers. `forms`: of its words, by stem, the hashes
    of all stems that they may have in a text; `weights`: by stem, that of the words that are no
    speaker's name.
    """

    forms: Mapping[str, frozenset[str]]
    weights: Mapping[str, float]
    names: frozenset[str]
    kinds: frozenset[str]
    spans: tuple[Span, ...]
    wants: frozenset[str]

    @classmethod
    def of(
        cls,
        text: str,
        idf: Mapping[str, float],
        speakers: Collection[str],
        today: date,
        latest: date,
    ) -> "Question":
        """`idf`: by stem of the question's words."""
        names = frozenset(named_in(text, speakers))
        of_names = {word for name in names for word in (*words(name), *stems(name))}
        terms, told = Query.of(text).terms, stems(text)
        return cls(
            forms={term.stem: frozenset(map(hashed, term.forms)) for term in terms},
            weights={
                term.stem: idf.get(term.stem, 0.0)
                for term in terms
                if of_names.isdisjoint(term.forms)
            },
            names=names,
            kinds=of_kind(told[:_KIND_WORDS]) - set(told),
            spans=tuple(days_in(text, today, latest=latest)),
            wants=wanted(text),
        )


@dataclass(frozen=True)
class Stretch:
    """Memories of a kind in order, with their places in the whole: 5, 6, 9 lacks two. What is the
    same for all questions is found out once.
    """

    traits: Sequence[Trait]
    places: Sequence[int]
    _having: dict[str, dict[int, int]] = field(default_factory=dict)
    _fades: dict[float, list[float]] = field(default_factory=dict)
    _signs: dict[Sign, list[float]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.traits)

    @cached_property
    def texts(self) -> list[Text]:
        """What was said."""
        return [trait.text for trait in self.traits]

    @cached_property
    def told(self) -> list[str]:
        """The hashes of each one's stems."""
        return [text.hashes for text in self.texts]

    def having(self, form: str) -> dict[int, int]:
        """Which of them have a hashed stem, and how often."""
        found = self._having.get(form)
        if found is None:
            first = form[0]  # one character is found faster than two
            some = [at for at, told in enumerate(self.told) if first in told and form in told]
            found = self._having[form] = {at: self.told[at].count(form) for at in some}
        return found

    @cached_property
    def things(self) -> list[list[str]]:
        """What each has of the kinds that may be asked for."""
        return [text.things.split() for text in self.texts]

    @cached_property
    def steps(self) -> list[int]:
        """How far each is from the one before it; 0: nothing is handed on, it is of another day."""
        places, days = self.places, [trait.day for trait in self.traits]
        return [0] + [
            places[at] - places[at - 1] if days[at] == days[at - 1] else 0
            for at in range(1, len(places))
        ]

    def fades(self, fade: float) -> list[float]:
        """The part of what the one before it hands on that reaches each, at this rate a step."""
        found = self._fades.get(fade)
        if found is None:
            steps = self.steps
            found = self._fades[fade] = [fade**step if step else 0.0 for step in steps]
        return found

    def signs(self, sign: Sign) -> list[float]:
        """The digit that each of them has for a sign."""
        found = self._signs.get(sign)
        if found is None:
            found = self._signs[sign] = [_DIGITS[text.signs[sign]] for text in self.texts]
        return found


class Pool:
    """Memories that are ranked together: a stretch of each kind."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self.stretches = stretches
        self.traits = [trait for stretch in stretches for trait in stretch.traits]

    @cached_property
    def mean_length(self) -> float:
        """In words."""
        count = sum(sum(map(len, stretch.told)) for stretch in self.stretches) // 2
        return max(1.0, count / max(1, len(self.traits)))

    @cached_property
    def speakers(self) -> frozenset[str]:
        """Who said any."""
        return frozenset(filter(None, map(attrgetter("speaker"), self.traits)))

    @cached_property
    def latest(self) -> date:
        """The day of the last one."""
        return max(map(attrgetter("day"), self.traits), default=date.min)


def columns(
    question: Question, stretch: Stretch, mean_length: float, kind_idf: Mapping[str, float]
) -> tuple[Columns, list[float]]:
    """The features of each memory; and a number that is not 0 if anything speaks for it."""
    traits = stretch.traits
    texts, steps = stretch.texts, stretch.steps
    base, near, where = _by_words(question, stretch, mean_length)
    found: Columns = {"close": near}
    found |= _beside(base, traits, steps)
    found["echo"] = _faded(base, stretch.fades(_ECHO))
    before, after = _faded(base, stretch.fades(_HUM)), _faded_back(base, stretch.fades(_HUM))
    found["hum"] = [a + b for a, b in zip(before, after, strict=True)]
    found["cover"] = _cover(question, where, len(texts))
    found["around"] = _around(question, where, steps)
    found["speaker"] = [float(trait.speaker in question.names) for trait in traits]
    found |= _of_kind(question, stretch, kind_idf)
    found["day"] = [_on_day(question, trait) for trait in traits] if question.spans else []
    found["myself"], found["asks"] = stretch.signs(Sign.MYSELF), stretch.signs(Sign.QUESTION)
    found |= {
        name: stretch.signs(sign)
        for want, (name, sign) in _ANSWERS.items()
        if want in question.wants
    }
    days = found["day"] or [0.0] * len(traits)
    speaks = [
        words or speaker or day
        for words, speaker, day in zip(found["around"], found["speaker"], days, strict=True)
    ]
    return {name: column for name, column in found.items() if any(column)}, speaks


def meant(stretch: Stretch, near: Near) -> tuple[Columns, list[bool]]:
    """The features of each memory that tell how near its meaning is to the question's, and whether
    that alone speaks for it.
    """
    cosines = [near.of(trait.location) or 0.0 for trait in stretch.traits]
    means = [max(0.0, cosine) for cosine in cosines]
    found: Columns = {
        "means": means,
        "meant_before": _faded(means, stretch.fades(_ECHO)),
        "meant_after": _faded_back(means, stretch.fades(_ECHO)),
    }
    return found, [cosine > _FAR for cosine in cosines]


# --- words -----------------------------------------------------------------------------------
def _by_words(
    question: Question, stretch: Stretch, mean_length: float
) -> tuple[list[float], list[float], Found]:
    """BM25 plus closeness; closeness alone; and which memories have each word."""
    told = stretch.told
    where = {term: _having(stretch, question.forms[term]) for term in question.weights}
    base, near = [0.0] * len(told), [0.0] * len(told)
    fixed, by_length = _SATURATION * (1 - _LENGTH), _SATURATION * _LENGTH / mean_length
    for term, found in where.items():
        weight = question.weights[term] * (_SATURATION + 1)
        for at, count in found.items():
            norm = fixed + by_length * (len(told[at]) // 2 + 1)
            base[at] += weight * count / (count + norm)
    for one, other in pairwise(question.forms):
        if one in where and other in where:
            weight = (question.weights[one] + question.weights[other]) / 2
            both = question.forms[one], question.forms[other]
            for at in where[one].keys() & where[other].keys():
                near[at] += weight * _nearness(told[at], *both)
    return [a + b for a, b in zip(base, near, strict=True)], near, where


def _having(stretch: Stretch, forms: Iterable[str]) -> Mapping[int, int]:
    """Which memories have any form of a word, and how often."""
    first, *others = sorted(map(stretch.having, forms), key=len, reverse=True)
    if not any(others):
        return first
    found = dict(first)
    for other in others:
        for at, count in other.items():
            found[at] = found.get(at, 0) + count
    return found


def _cover(question: Question, where: Found, size: int) -> list[float]:
    total = sum(question.weights.values()) or 1.0
    found = [0.0] * size
    for term, places in where.items():
        for at in places:
            found[at] += question.weights[term] / total
    return found


def _nearness(told: str, one: Collection[str], other: Collection[str]) -> float:
    """How near each other two words stand in a text, by all their forms."""
    first = _places(told, one)
    second = _places(told, other) - first
    nearest = min((abs(a - b) for a in first for b in second), default=_NEAR + 1)
    if nearest > _NEAR:
        return 0.0
    return 1.0 if nearest <= _NEAR / 2 else 0.5


def _places(told: str, forms: Iterable[str]) -> set[int]:
    """Which words of a text have any of these forms."""
    found = set()
    for form in forms:
        at = told.find(form)
        while at >= 0:
            found.add(at // 2)
            at = told.find(form, at + 2)
    return found


# --- neighbours ------------------------------------------------------------------------------
def _beside(base: Sequence[float], traits: Sequence[Trait], steps: Sequence[int]) -> Columns:
    asked, went_on = [0.0] * len(base), [0.0] * len(base)
    for at in range(1, len(base)):
        if base[at - 1] and steps[at] == 1:
            before, trait = traits[at - 1], traits[at]
            if before.speaker == trait.speaker and trait.speaker is not None:
                went_on[at] = base[at - 1]
            elif before.text.signs[Sign.ASKS] != "0":
                asked[at] = base[at - 1]
    return {"asked_before": asked, "went_on": went_on}


def _faded(base: Iterable[float], fades: Iterable[float]) -> list[float]:
    """Of each, what was before it."""
    found, carried = [], 0.0
    for own, fade in zip(base, fades, strict=True):
        carried *= fade
        found.append(carried)
        carried += own
    return found


def _faded_back(base: Sequence[float], fades: Sequence[float]) -> list[float]:
    """Of each, what was after it."""
    return _faded(reversed(base), (0.0, *reversed(fades[1:])))[::-1]


def _around(question: Question, where: Found, steps: Sequence[int]) -> list[float]:
    total = [0.0] * len(steps)
    reach = len(_AHEAD)
    for term, found in where.items():
        near = dict.fromkeys(found, 1.0)
        for at in found:
            if at + 1 < len(steps) and 0 < steps[at + 1] <= reach:
                _hand_on(near, range(at + 1, len(steps)), 0, steps, _AHEAD)
            if 0 < steps[at] <= reach:
                _hand_on(near, range(at - 1, -1, -1), 1, steps, _BACK)
        for at, value in near.items():
            total[at] += question.weights[term] * value
    return total


def _hand_on(
    near: dict[int, float],
    others: range,
    offset: int,
    steps: Sequence[int],
    shares: Sequence[float],
) -> None:
    """To those ahead, or back, as far as `shares` go. `offset`: of the step to each of them."""
    distance = 0
    for other in others:
        step = steps[other + offset]
        distance += step
        if not step or distance > len(shares):
            return
        share = shares[distance - 1]
        if share > near.get(other, 0.0):
            near[other] = share


# --- what is wanted --------------------------------------------------------------------------
def _of_kind(question: Question, stretch: Stretch, kind_idf: Mapping[str, float]) -> Columns:
    if not question.kinds:
        return {}
    found = (question.kinds.intersection(some) if some else some for some in stretch.things)
    return {"kind": [max(map(kind_idf.__getitem__, some)) / 4 if some else 0.0 for some in found]}


def _on_day(question: Question, trait: Trait) -> float:
    """1 on the day itself, less after it, and still less before it."""
    told = trait.days
    best = 0.0
    for first, last in question.spans:
        if any(span.first <= last and first <= span.last for span in told):
            return 1.0
        if trait.day > last:
            best = max(best, math.exp((last - trait.day).days / _DAYS_AFTER))
        elif trait.day < first:
            best = max(best, math.exp((trait.day - first).days / _DAYS_BEFORE))
        else:
            return 1.0
    return best if best > 0.05 else 0.0
