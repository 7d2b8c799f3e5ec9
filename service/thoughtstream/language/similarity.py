"""When texts are alike: what says the same, what shares a gist, and what those of a gist agree on.

All depends on the texts alone, not on who compares them. What is not sure to say nothing tells:
so no likeness needs to know a language's negations, numerals or names.
"""

import re
import unicodedata
from collections.abc import Hashable, Iterable, Sequence
from itertools import zip_longest
from typing import TypeVar

from thoughtstream.language.english import STOP_WORDS
from thoughtstream.language.stop_words import stop_words_of
from thoughtstream.language.words import stem, words

ANY_NUMBER = "0"
"""Stands for each number in a gist, so that no other word of one has a digit."""

LEFT_OUT = "…"
"""Stands for what the texts of a gist do not agree on."""

_NUMBER = r"[A-Za-z_]*\d[\dA-Za-z_]*"
_PUNCTUATION = (
    r".,;:!\-'\"\u00a1\u00b7\u00ab\u00bb"  # ... and what is not ASCII: ¡ · « »,
    r"\u2010-\u201f\u2026\u2039\u203a"  # dashes, quotation marks, an ellipsis,
    r"\u3001\u3002\uff01\uff0c\uff0e\uff1a\uff1b"  # and those of Chinese
)
_TOKEN = re.compile(
    rf"""
      [-+\u2013.,]{{0,2}} {_NUMBER} (?: [-\u2013.,:/'\u2019] {_NUMBER} )*  # -5, .5, 10:30, 5-7
    | [^\W\d]+
    | ! (?= [\w=(] )                                                       # !=, !enabled
    | [^\w\s\x00-\x1f\x7f{_PUNCTUATION}]                                   # ?, %, €, ✓, an accent
    """,
    re.VERBOSE,
)
"""What tells: words, numbers with their signs, and every mark but those of mere punctuation."""

_IS_GRAMMAR = frozenset({"am", "are", "do", "does", "is", "m", "re", "s", "the"})
"""English words that say nothing, whatever stands beside them. Not `a`: she has (a) few friends."""

_MOST_LETTERS = 64
_LEAST = 2
Key = TypeVar("Key", bound=Hashable)


def statement(text: str) -> tuple[str, ...]:
    """What a text says: two texts with the same statement differ in case, blanks and punctuation
    at most. Their order tells, too: of words (who gave whom the key) and of clauses ("Anna, 5;
    Paul, 7"). Empty for a text in which nothing tells.
    """
    return tuple(_TOKEN.findall(_plain(text)))


def near_duplicates(texts: Iterable[tuple[Key, str]]) -> dict[Key, Key]:
    """For each text that says what an earlier one says, the first of those. O(characters)."""
    firsts: dict[tuple[str, ...], Key] = {}
    found: dict[Key, Key] = {}
    for key, text in texts:
        said = statement(text)
        if said:
            first = firsts.setdefault(said, key)
            if first != key:
                found[key] = first
    return found


def gist(text: str) -> tuple[str, ...]:
    """What a text is about: its statement with each number as `0`; of English, the stems of its
    words, without those of mere grammar. Empty where fewer than two words tell.
    """
    said = statement(text)
    is_english = _is_english(said)
    about = tuple(
        _about(token, is_english) for token in said if not (is_english and token in _IS_GRAMMAR)
    )
    telling = sum(len(words(token)) for token in about if token != ANY_NUMBER)
    return about if telling >= _LEAST else ()


def common(texts: Sequence[str]) -> str:
    """What texts with one gist agree on, in the words of the first: where another has another
    number, it says `…`.
    """
    numbers = [_numbers(text) for text in texts]
    agreed = [len({*those}) == 1 for those in zip_longest(*numbers)]
    if all(agreed):
        return texts[0]
    left = iter(agreed)

    def agreed_or_not(token: re.Match[str]) -> str:
        return token[0] if not _is_number(token[0]) or next(left) else LEFT_OUT

    return _TOKEN.sub(agreed_or_not, unicodedata.normalize("NFC", texts[0]))


def _numbers(text: str) -> list[str]:
    tokens = _TOKEN.findall(unicodedata.normalize("NFC", text))
    return [token.lower() for token in tokens if _is_number(token)]


def _plain(text: str) -> str:
    """Not without accents, which tell: avó, avô. Not by case folding: Maße are no Masse."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def _is_english(said: tuple[str, ...]) -> bool:
    told = frozenset(said)
    return len(STOP_WORDS & told) >= _LEAST and stop_words_of(told) == STOP_WORDS


def _about(token: str, is_english: bool) -> str:
    if _is_number(token):
        return ANY_NUMBER
    return stem(token) if is_english and len(token) <= _MOST_LETTERS else token


def _is_number(token: str) -> bool:
    return any(character.isdigit() for character in token)
