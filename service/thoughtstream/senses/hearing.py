"""What a text tells beside all that its source has said before. Deterministic, in any language."""

import math
import re

from thoughtstream.config import SalienceConfig
from thoughtstream.language.questions import FIRST_PERSON, NUMBERS, QUESTION_MARKS
from thoughtstream.language.times import words_of_time
from thoughtstream.language.words import words
from thoughtstream.senses.salience import Told

_LONG_TEXT_WORDS = 60
_MOST_NAMES = 2
_NEWS_AT_FIRST, _AS_TEXTS = 5.0, 100
"""How many new words are usual before any text was heard, and as how many texts that counts."""

_USUAL_TEXTS = 500
"""How many texts the mean of news remembers, about."""

_LEAST_USUAL = 1.0
_MOST_KNOWN = 50_000

_NAME = re.compile(r" [A-Z\x80-\U0010ffff](?<=[\w,;] .)[\w'\u2019-]+")
"""What may be one: within a sentence; if its first letter isn't ASCII, that may be a small one."""

_DIGIT = re.compile(r"\d")
_MARK = f"[{''.join(QUESTION_MARKS)}]"
_ASKS = re.compile(_MARK)
_IS_ASKED = re.compile(rf"{_MARK}\W{{0,3}}$")
_END = re.compile(r"(?<=[.!?\u061f])\s+|(?<=[\u3002\uff01\uff1f])|\n")


class Hearing:
    """What one source has said: its words, and how many of a text are usually new. Bounded: once
    there are fifty thousand, those not heard since as many before are new again.
    """

    def __init__(self, asked: float = SalienceConfig().asked) -> None:
        """`asked`: what a word counts in a question, 0 to 1."""
        self._asked = asked
        self._recent: set[str] = set()
        self._older: set[str] = set()
        self._usual_news = _NEWS_AT_FIRST
        self._texts = _AS_TEXTS

    def hear(self, text: str) -> Told:
        """What the next text of the source tells. Its words are known from then on."""
        told, asked = _apart(text)
        said = set(words(told))
        only_asked = set(words(asked)) - said if asked else set()
        fresh = said - self._recent - self._older
        fresh_asked = only_asked - self._recent - self._older
        news = self._count(fresh, fresh_asked)
        usual = max(self._usual_news, _LEAST_USUAL)
        self._learn(said | only_asked if asked else said, news)
        return Told(
            news=news / (news + usual),
            length=math.log1p(self._count(said, only_asked)) / math.log1p(_LONG_TEXT_WORDS),
            names=min(_new_names(told, fresh), _MOST_NAMES) / _MOST_NAMES if fresh else 0.0,
            own=float(not said.isdisjoint(FIRST_PERSON)),
            counted=float(_says_when_or_how_many(told, said)),
        )

    def _count(self, told: set[str], asked: set[str]) -> float:
        """How many words, up to those of a long text."""
        return min(len(told) + self._asked * len(asked), _LONG_TEXT_WORDS)

    def _learn(self, said: set[str], news: float) -> None:
        self._recent |= said
        if len(self._recent) > _MOST_KNOWN:
            self._older, self._recent = self._recent, set()
        self._texts = min(self._texts + 1, _USUAL_TEXTS)
        self._usual_news += (news - self._usual_news) / self._texts


def _apart(text: str) -> tuple[str, str]:
    """What is told, and what is asked."""
    if _ASKS.search(text) is None:
        return text, ""
    told: list[str] = []
    asked: list[str] = []
    for sentence in _END.split(text):
        (asked if _IS_ASKED.search(sentence) else told).append(sentence)
    return " ".join(told), " ".join(asked)


def _new_names(text: str, fresh: set[str]) -> int:
    names = (name for name in _NAME.findall(text) if name[1].isupper())
    return sum(not fresh.isdisjoint(words(name)) for name in names)


def _says_when_or_how_many(text: str, told: set[str]) -> bool:
    return (
        _DIGIT.search(text) is not None or not NUMBERS.isdisjoint(told) or words_of_time(told) > 0
    )
