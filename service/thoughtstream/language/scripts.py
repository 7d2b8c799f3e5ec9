"""Scripts: which letters stand for words without spaces between them, and how letters are written
the one usual way.
"""

import re
import unicodedata
from itertools import pairwise

_IDEOGRAPHS = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # noqa: E501
_SYLLABLES = "\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff"
_KANA = "\u3031-\u3035\u303b-\u30ff\u31f0-\u31ff\U0001b000-\U0001b16f"
_OF_SOUTH_EAST_ASIA = (
    "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u1b00-\u1b7f"
    "\ua980-\ua9ff\uaa60-\uaadf"
)
"""Thai, Lao, Myanmar, Khmer; Tai, Balinese, Javanese."""

_SPACELESS = re.compile(f"[{_IDEOGRAPHS}{_SYLLABLES}{_KANA}{_OF_SOUTH_EAST_ASIA}]+")
_HAS_LETTER = re.compile(r"[^\W_]")
_WORDS_ALONE = re.compile(f"[{_IDEOGRAPHS}{_SYLLABLES}]")

_SAME = {
    "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "\u0131": "i", "æ": "ae", "œ": "oe",
}  # fmt: skip
_RANGES_OF_JOINERS = ((0x34F, 0x34F), (0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
_JOINERS = frozenset(one for first, last in _RANGES_OF_JOINERS for one in range(first, last + 1))
"""Marks that only choose how a letter looks."""

_MANY_MARKS = re.compile(r"([^\w\s\x00-\x7f]{30})[^\w\s\x00-\x7f]+")
"""More marks than any letter has: to order them takes the square of their number. Source: Unicode
Standard Annex 15, Stream-Safe Text Format.
"""

_SHORT_I, _SHORT_I_APART = "й", "и\u0306"
"""A letter of its own, which stems of Russian need, however much it looks like one with an accent.
"""


class _Usual(dict[int, str | int | None]):
    """What becomes of each character of a text in small letters and pieces: it stays, goes (None:
    accents, what joins) or becomes a blank.
    """

    def __missing__(self, code: int) -> str | int | None:
        self[code] = found = self._found(chr(code))
        return found

    @staticmethod
    def _found(character: str) -> str | int | None:
        category = unicodedata.category(character)
        if category == "Cf" or ord(character) in _JOINERS or _is_accent(character):
            return None
        if character in _SAME:
            return _SAME[character]
        return ord(character) if category[0] in "LN" or category in ("Mn", "Mc") else " "


def _is_accent(character: str) -> bool:
    """Whether a mark may be left out when one types: an accent, a vowel point of Hebrew or Arabic;
    not a vowel sign, a voicing mark of kana, a tone of Thai: those tell words apart.
    Source: Unicode, canonical combining classes.
    """
    kind = unicodedata.combining(character)
    return kind == 1 or 10 <= kind <= 36 or kind >= 200


_USUAL = _Usual()


def usual(text: str) -> str:
    """A text in small letters, as one would type it: without accents, its letters the usual ones
    for theirs (ß: ss, ﬁ: fi), however they were composed. Between words, blanks only.
    """
    text = _MANY_MARKS.sub(r"\1 ", text)
    apart = unicodedata.normalize("NFKD", text).casefold().lower()
    apart = unicodedata.normalize("NFKD", apart).replace(_SHORT_I_APART, _SHORT_I)
    return unicodedata.normalize("NFC", apart.translate(_USUAL))


def segments(run: str) -> list[str]:
    """The words of a run of letters: itself; but where no spaces are between words, each two
    neighbouring letters, with their marks, as nobody can tell cheaply where one ends.
    """
    found: list[str] = []
    at = 0
    for spaceless in _SPACELESS.finditer(run):
        found += filter(_HAS_LETTER.search, (run[at : spaceless.start()],))
        found += _pairs(_letters(spaceless[0]))
        at = spaceless.end()
    return [*found, *filter(_HAS_LETTER.search, (run[at:],))]


def alone(word: str) -> list[str]:
    """The letters of a pair that may be words by themselves: ideographs, syllables of Hangul."""
    return _WORDS_ALONE.findall(word) if len(word) > 1 else []


def _letters(run: str) -> list[str]:
    """Each with the marks that follow it."""
    starts = [at for at, one in enumerate(run) if unicodedata.category(one)[0] != "M"]
    return [run[at:end] for at, end in pairwise([*starts, len(run)])]


def _pairs(letters: list[str]) -> list[str]:
    return [a + b for a, b in pairwise(letters)] if len(letters) > 1 else letters
