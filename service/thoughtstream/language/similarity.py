"""When texts are similar: near duplicates, and episodes that share their gist.

Both depend on the texts alone, not on who compares them or in which order they come.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from heapq import nsmallest
from itertools import pairwise
from typing import TypeVar

from thoughtstream.language.english import STOP_WORDS
from thoughtstream.language.words import stem, words

_NEGATIONS = """
    cannot neither never no nobody none nor not nothing nowhere t without
"""
NEGATIONS = frozenset(_NEGATIONS.split())
"""`t`: what an apostrophe leaves of `don't`."""

_LEAST = 2

Pair = tuple[str, str]
Key = TypeVar("Key", bound=Hashable)


def gist(content: str) -> tuple[str, ...]:
    """What a text is about: the stems of its telling words (of all, if fewer than two tell
    anything), without numbers, in no order. Empty where that is less than two.
    """
    plain = [word for word in words(content) if not _has_digit(word)]
    telling = {stem(word) for word in plain if word not in STOP_WORDS or word in NEGATIONS}
    if len(telling) < _LEAST:
        telling = {stem(word) for word in plain}
    return tuple(sorted(telling)) if len(telling) >= _LEAST else ()


def near_duplicates(texts: Iterable[tuple[Key, str]], similarity: float) -> dict[Key, Key]:
    """For each text that says what an earlier one says, that one. A text belongs to the first that
    it is similar to and that is itself similar to none before it.

    Similar: of the pairs of neighbouring words that two texts have, at least `similarity` are in
    both (Jaccard; case, accents and punctuation don't count), and both have the same numbers and
    the same negations. A text without words is similar to none.
    """
    known = [(key, words(content)) for key, content in texts]
    counts = Counter(word for _, text in known for word in text)
    counts[""] = len(known)
    firsts: list[tuple[Key, list[str]]] = []
    by_pair: defaultdict[Pair, list[int]] = defaultdict(list)
    found: dict[Key, Key] = {}
    for key, text in known:
        if not text:
            continue
        rare = _rarest(_pairs(text), counts, similarity)
        for at in sorted({at for pair in rare for at in by_pair[pair]}):
            if _similar(text, firsts[at][1], similarity):
                found[key] = firsts[at][0]
                break
        else:
            for pair in rare:
                by_pair[pair].append(len(firsts))
            firsts.append((key, text))
    return found


def _pairs(text: list[str]) -> set[Pair]:
    return set(pairwise(("", *text, "")))


def _rarest(pairs: set[Pair], counts: Counter[str], similarity: float) -> list[Pair]:
    """As many of the rarest as it takes for two similar texts to have one of them in common (prefix
    filtering; Chaudhuri, Ganti and Kaushik 2006).
    """
    needed = len(pairs) - math.ceil(similarity * len(pairs) - 1e-9) + 1
    return nsmallest(needed, pairs, key=lambda pair: (counts[pair[0]] * counts[pair[1]], pair))


def _similar(one: list[str], other: list[str], similarity: float) -> bool:
    if _decisive(one) != _decisive(other):
        return False
    pairs, others = _pairs(one), _pairs(other)
    common = len(pairs & others)
    return common >= similarity * (len(pairs) + len(others) - common) - 1e-9


def _decisive(text: list[str]) -> list[str]:
    return [word for word in text if word in NEGATIONS or _has_digit(word)]


def _has_digit(word: str) -> bool:
    return any(character.isdigit() for character in word)
