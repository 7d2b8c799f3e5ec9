"""Words: how text becomes words that can be compared, and a query becomes words to look for.

Any text is a safe query: an index is never given the text, only words of letters and digits.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from thoughtstream.language.english import IRREGULAR
from thoughtstream.language.stop_words import stop_words_of

MOST_WORDS = 32
"""Of a query with more different words, the first ones count."""

MOST_CHARACTERS = 20_000
"""Only the beginning of a longer text is compared."""

_LONGEST_WORD = 64
_ASCII_WORD = re.compile(r"[a-z0-9]+")


def words(text: str) -> list[str]:
    """The words of a text, in order: lower-case letters and digits, without accents."""
    text = text[:MOST_CHARACTERS]
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return [word for spelled in _spelled(text) for word in _spelled(plain(spelled))]


def _spelled(text: str) -> list[str]:
    """The words of a text as they are written, in lower case."""
    small = unicodedata.normalize("NFC", text.lower())
    return "".join(c if _is_in_words(c) else " " for c in small).split()


@lru_cache(maxsize=4096)
def _is_in_words(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM"


def plain(word: str) -> str:
    """A word without accents, its letters the usual ones for theirs (ß: ss)."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(character for character in apart if not unicodedata.combining(character))


@cache
def _stemmer() -> Any:
    """Imported when it is first needed: it loads all languages, a tenth of a command's start."""
    import snowballstemmer

    return snowballstemmer.stemmer("porter")


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """What the forms of a word have in common (Porter's algorithm; irregular English by table)."""
    return str(_stemmer().stemWord(IRREGULAR.get(word, word[:_LONGEST_WORD])))


@lru_cache(maxsize=4096)
def stems(text: str) -> tuple[str, ...]:
    """The stems of a text's words, in order."""
    return tuple(stem(word) for word in words(text))


@dataclass(frozen=True)
class Term:
    """A word of a query: its stem, and the forms under which an index may have it.

    An index stems by itself; the forms are those that its stemming does not bring together: plain
    and accented (cafe, café), irregular (buy, bought).
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
        forms = _forms(text)
        nothing = stop_words_of(frozenset(forms))
        telling = {word: spelled for word, spelled in forms.items() if word not in nothing}
        terms: dict[str, set[str]] = {}
        for word, spelled in (telling or forms).items():
            terms.setdefault(stem(word), set()).update(spelled)
        first = list(terms.items())[:MOST_WORDS]
        return cls(
            tuple(
                Term(name, tuple(sorted(spelled | _irregular_forms().get(name, set()))))
                for name, spelled in first
            )
        )


def _forms(text: str) -> dict[str, set[str]]:
    """The words of a text, in order, each with its spellings."""
    forms: dict[str, set[str]] = {}
    for spelled in _spelled(text[:MOST_CHARACTERS]):
        for word in words(spelled):
            forms.setdefault(word, {word}).add(spelled)
    return forms


@cache
def _irregular_forms() -> dict[str, set[str]]:
    forms: dict[str, set[str]] = {}
    for form, base in IRREGULAR.items():
        forms.setdefault(stem(base), {base}).add(form)
    return forms
