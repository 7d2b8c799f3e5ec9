"""Words: how text becomes words that can be compared, and a query becomes words to look for.

Any text is a safe query: an index is never given the text, only words of ASCII letters and digits.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from thoughtstream.language.scripts import alone, segments, usual
from thoughtstream.language.stemming import stem as stem
from thoughtstream.language.stemming import stems_anywhere
from thoughtstream.language.stop_words import OF_OTHER_LETTERS, language_of, stop_words_of

RULES = 1
"""Another number after any change of what `indexed` makes of a text: then indexes are made anew."""

MOST_WORDS = 32
"""Of a query with more different words, the first ones count."""

MOST_CHARACTERS = 20_000
"""Of a longer query, the beginning counts."""

_LONGEST_TOKEN = 100
_ASCII_WORD = re.compile(r"[a-z0-9]+")


def words(text: str) -> list[str]:
    """The words of a text, in order: small letters and digits, without accents, however they were
    written (Straße: strasse). Where a language puts no spaces between words, each two neighbouring
    letters.
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    found: list[str] = []
    for run in usual(text).split():
        found += (run,) if run.isascii() else segments(run)
    return found


@lru_cache(maxsize=4096)
def stems(text: str) -> tuple[str, ...]:
    """The stems of a text's words, in order; then letters that may be words by themselves."""
    told = words(text)
    latin = language_of(frozenset(told))
    found = tuple([stem(word, latin) for word in told])
    return found if text.isascii() else (*found, *_alone(told))


def indexed(text: str) -> str:
    """The stems of a text as an index has them: ASCII, a blank between them. What it would make of
    other letters depends on the index and its version.
    """
    return " ".join(map(token, stems(text)))


@lru_cache(maxsize=65_536)
def token(word: str) -> str:
    """A stem as an index has it; two that differ only after a hundred letters or so are one."""
    return (word if word.isascii() else f"u{word.encode(errors='replace').hex()}")[:_LONGEST_TOKEN]


def _alone(told: Iterable[str]) -> Iterable[str]:
    """Of overlapping pairs, each letter once."""
    before = ""
    for word in told:
        letters = alone(word)
        yield from letters[1:] if letters and before == letters[0] else letters
        before = letters[-1] if letters else ""


@dataclass(frozen=True)
class Term:
    """A word of a query: its stem, and with it all stems that it may have in a text, whose language
    may be another, or not known.
    """

    stem: str
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """The words to look for, each once, in the order of the text."""

    terms: tuple[Term, ...]

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, text: str) -> "Query":
        """The words of a text that say something; if none does, all of them."""
        told = words(text[:MOST_CHARACTERS])
        known = frozenset(told)
        nothing = stop_words_of(known)
        latin = language_of(known) if len(known) > 1 else None  # a word alone may be of any
        every = dict.fromkeys((*told, *_alone(told)))
        telling = [word for word in every if word not in nothing and word not in OF_OTHER_LETTERS]
        forms: dict[str, set[str]] = {}
        for word in telling or every:
            own, *others = stems_anywhere(word, latin)
            forms.setdefault(own, {own}).update(others)
        first = list(forms.items())[:MOST_WORDS]
        return cls(tuple(Term(name, tuple(sorted(some))) for name, some in first))
