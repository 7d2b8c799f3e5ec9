"""What the ranking knows of a memory: its words, who said it and when, and what is in it."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from thoughtstream.language import questions
from thoughtstream.language.moments import local_day
from thoughtstream.language.times import Span, days_in, words_of_time
from thoughtstream.language.words import stem, words
from thoughtstream.memory.models import Location, said_at
from thoughtstream.memory.streams import Fields
from thoughtstream.memory.timeline import place_in_time
from thoughtstream.memory.who import speaker_of

_MOST_TIMES, _MOST_NAMES = 3, 2


@dataclass(frozen=True, slots=True)
class Text:
    """What is in a content, without the name of who says it that it may begin with."""

    content: str
    stems: tuple[str, ...]
    counts: dict[str, int]
    asks: bool
    has_question: bool
    times: int
    names: int
    is_first_person: bool
    has_number: bool
    is_quoting: bool
    gives_reason: bool


@dataclass(frozen=True, slots=True)
class Trait:
    """A memory, as the ranking sees it. `place`: in time, among those of its kind."""

    location: Location
    place: str
    speaker: str | None
    day: date
    text: Text

    @property
    def days(self) -> list[Span]:
        """The days that it speaks of."""
        return days_in(self.text.content, self.day)


def trait_of(location: Location, fields: Fields) -> Trait:
    """Of the fields of a memory."""
    speaker = speaker_of(fields)
    content = fields.get("content", "")
    prefix = f"{speaker}:"
    said = content[len(prefix) :] if speaker and content.startswith(prefix) else content
    return Trait(
        location, place_in_time(location, fields), speaker, _day(location, fields), text_of(said)
    )


@lru_cache(maxsize=16_384)
def text_of(content: str) -> Text:
    """What is in a content."""
    told = words(content)
    known = set(told)
    stems = tuple(map(stem, told))
    return Text(
        content=content,
        stems=stems,
        counts=Counter(stems),
        asks=content.rstrip().endswith(questions.QUESTION_MARKS),
        has_question=any(mark in content for mark in questions.QUESTION_MARKS),
        times=min(words_of_time(known), _MOST_TIMES),
        names=min(_names_in(content), _MOST_NAMES),
        is_first_person=not questions.FIRST_PERSON.isdisjoint(known),
        has_number=not questions.NUMBERS.isdisjoint(known) or _has_digit(content),
        is_quoting=questions.is_quoting(content),
        gives_reason=not questions.REASONS.isdisjoint(known),
    )


def _has_digit(content: str) -> bool:
    return any(character.isdigit() for character in content)


def _names_in(content: str) -> int:
    """Words with a capital letter that begin no sentence."""
    found = 0
    inside = False
    for word in content.split():
        found += inside and word[0].isupper() and len(word) > 1 and word[1].islower()
        inside = word[-1].isalnum() or word[-1] == ","
    return found


def _day(location: Location, fields: Fields) -> date:
    """The day on which it was said."""
    return local_day(said_at(location, fields)) or date.max
