"""Words: how text becomes words that can be compared, and a query becomes words to look for.

Any text is a safe query: an index is never given the text, only words of letters and digits.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

from thoughtstream.memory.english import IRREGULAR, STOP_WORDS

MOST_WORDS = 32
"""A query of more different words is its first ones."""

MOST_CHARACTERS = 20_000
"""Of a longer text, only the beginning is compared."""

_WORD = re.compile(r"[^\W_]+")
_LONGEST_WORD = 64
_stemmer = snowballstemmer.stemmer("porter")


def words(text: str) -> list[str]:
    """The words of a text, in order: small letters and digits without accents."""
    return [word[:_LONGEST_WORD] for word in _WORD.findall(fold(text[:MOST_CHARACTERS]))]


def fold(text: str) -> str:
    """A text in small letters, without accents."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in apart if not unicodedata.combining(character))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """What the forms of a word have in common (Porter's algorithm; irregular English by table)."""
    return str(_stemmer.stemWord(IRREGULAR.get(word, word)))


@lru_cache(maxsize=4096)
def stems(text: str) -> tuple[str, ...]:
    """The stems of a text's words, in order."""
    return tuple(stem(word) for word in words(text))


@dataclass(frozen=True)
class Term:
    """A word of a query: its stem, and the forms under which an index may have it.

    An index stems by itself; the forms are those that no stemming brings together (buy, bought).
    """

    stem: str
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """The words to look for, each once, in the order of the text."""

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, text: str) -> "Query":
        """The words of a text that say something; if none does, all of them."""
        found = words(text)
        forms: dict[str, list[str]] = {}
        for word in _telling(found) or found:
            forms.setdefault(stem(word), []).append(word)
        first = list(forms.items())[:MOST_WORDS]
        return cls(tuple(Term(name, _forms(name, said)) for name, said in first))


def _telling(found: Iterable[str]) -> list[str]:
    return [word for word in found if word not in STOP_WORDS]


_IRREGULAR_FORMS: dict[str, set[str]] = {}
for _form, _base in IRREGULAR.items():
    _IRREGULAR_FORMS.setdefault(stem(_base), {_base}).add(_form)


def _forms(name: str, said: list[str]) -> tuple[str, ...]:
    return tuple(sorted(_IRREGULAR_FORMS.get(name, set()).union(said)))
