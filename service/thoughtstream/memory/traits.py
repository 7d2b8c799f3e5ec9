"""What the ranking knows of a memory: its words, who said it and when, and what is in it."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

from thoughtstream.language import questions
from thoughtstream.language.moments import local_day
from thoughtstream.language.times import Span, days_in, words_of_time
from thoughtstream.language.words import stems, words
from thoughtstream.memory.models import Location, said_at
from thoughtstream.memory.streams import Fields
from thoughtstream.memory.timeline import place_in_time
from thoughtstream.memory.who import speaker_of

_MOST_TIMES, _MOST_NAMES = 3, 2


class Text:
    """What is in a content, without the name of who says it that it may begin with."""

    def __init__(self, content: str) -> None:
        self.content = content
        self.stems = stems(content)
        self.counts = Counter(self.stems)

    @cached_property
    def asks(self) -> bool:
        """Whether it ends as a question."""
        return self.content.rstrip().endswith(questions.QUESTION_MARKS)

    @cached_property
    def has_question(self) -> bool:
        """Whether a question is in it."""
        return any(mark in self.content for mark in questions.QUESTION_MARKS)

    @cached_property
    def is_first_person(self) -> bool:
        """Whether somebody speaks of themself."""
        return not questions.FIRST_PERSON.isdisjoint(words(self.content))

    @cached_property
    def times(self) -> int:
        """How many words of time it has, 3 at most."""
        return min(words_of_time(words(self.content)), _MOST_TIMES)

    @cached_property
    def names(self) -> int:
        """How many words with a capital letter that begin no sentence, 2 at most."""
        return min(_names_in(self.content), _MOST_NAMES)

    @cached_property
    def has_number(self) -> bool:
        """In digits or in words."""
        is_spelled = not questions.NUMBERS.isdisjoint(words(self.content))
        return is_spelled or any(character.isdigit() for character in self.content)

    @cached_property
    def is_quoting(self) -> bool:
        """Whether something stands in quotation marks."""
        return questions.is_quoting(self.content)

    @cached_property
    def gives_reason(self) -> bool:
        """Whether it has a word like "because"."""
        return not questions.REASONS.isdisjoint(words(self.content))


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


text_of = lru_cache(maxsize=16_384)(Text)


def _names_in(content: str) -> int:
    found = 0
    inside = False
    for word in content.split():
        found += inside and word[0].isupper() and len(word) > 1 and word[1].islower()
        inside = word[-1].isalnum() or word[-1] == ","
    return found


def _day(location: Location, fields: Fields) -> date:
    """The day on which it was said."""
    return local_day(said_at(location, fields)) or date.max
