"""What the forms of a word have in common, by the language of the text that it is in.

Letters tell a language, or for Latin letters stop words do: where they don't, a text is read as
English. A word in letters whose language isn't known is its own stem.
"""

import re
import threading
from functools import cache, lru_cache
from typing import Any

from thoughtstream.language.english import IRREGULAR

_LONGEST_WORD = 64

ENGLISH = "english"
_ALGORITHMS = {ENGLISH: "porter"}
"""By language, where the name of the algorithm is another."""

_LATIN = (
    ENGLISH, "german", "spanish", "french", "portuguese", "italian", "dutch", "swedish", "danish",
    "norwegian", "finnish", "polish", "czech", "turkish", "romanian", "hungarian", "indonesian",
)  # fmt: skip
_BY_LETTERS = (
    (re.compile("[\u0430-\u044f\u0451]+"), ("russian",)),
    (re.compile("[\u0370-\u03ff]+"), ("greek",)),
    (re.compile("[\u0561-\u0587]+"), ("armenian",)),
    (re.compile("[\u0620-\u064a]+"), ("arabic",)),
    (re.compile("[\u0620-\u064a\u067e\u0686\u0698\u06a9\u06af\u06cc]+"), ("persian",)),
    (re.compile("[\u0900-\u097f]+"), ("hindi",)),
    (re.compile("[\u0b80-\u0bff]+"), ("tamil",)),
)
"""All letters of a word, and the languages that it may be in."""
_IN_LATIN = re.compile("[a-z0-9\u00c0-\u024f]+")

_lock = threading.Lock()


@lru_cache(maxsize=65_536)
def stem(word: str, latin: str | None = None) -> str:
    """The stem of a word of a text. `latin`: the language of its words in Latin letters, if it is
    known.
    """
    languages = _languages(word)
    if languages is _LATIN:
        return _stem(word, latin or ENGLISH)
    return _stem(word, languages[0]) if languages else word


@lru_cache(maxsize=4096)
def stems_anywhere(word: str, latin: str | None) -> tuple[str, ...]:
    """The stems that a word may have in a text: its own first, then those that texts of other
    languages may give it; if that of its Latin letters is known, only of texts where it isn't.
    """
    languages = _languages(word)
    if languages is _LATIN and latin is not None:
        languages = (latin, ENGLISH)
    own = stem(word, latin)
    others = {word, *(_stem(word, one) for one in languages)} - {own}
    return own, *sorted(others)


def _languages(word: str) -> tuple[str, ...]:
    if _IN_LATIN.fullmatch(word):
        return _LATIN
    return next((some for letters, some in _BY_LETTERS if letters.fullmatch(word)), ())


def _stem(word: str, language: str) -> str:
    known = IRREGULAR.get(word, word) if language == ENGLISH else word
    with _lock:  # a stemmer keeps the word that it is at
        return str(_stemmer(language).stemWord(known[:_LONGEST_WORD])) or word


@cache
def _stemmer(language: str) -> Any:
    """Imported when it is first needed: it loads all languages, a tenth of a command's start."""
    import snowballstemmer

    return snowballstemmer.stemmer(_ALGORITHMS.get(language, language))
