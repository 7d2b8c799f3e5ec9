"""What the ranking knows of a memory: its words, who said it and when, and what is in it."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from thoughtstream.language import questions
from thoughtstream.language.kinds import things_in
from thoughtstream.language.moments import local_day
from thoughtstream.language.times import Span, days_in, may_speak_of_days, words_of_time
from thoughtstream.language.words import MOST_CHARACTERS, stems, words
from thoughtstream.memory.models import Location, said_at
from thoughtstream.memory.streams import Fields
from thoughtstream.memory.timeline import place_in_time
from thoughtstream.memory.who import speaker_of

VERSION = 2
"""Another number after any change of what a sketch has, or of how it is found: then indexes are
made anew."""

_MOST_TIMES, _MOST_NAMES = 3, 2


class Text:
    """What is in a content, without the name of who says it that it may begin with.

    `spaced`: its stems in order, a blank before and a blank after each, so that one is looked for
    in it, and counted, without taking it apart. `length`: how many they are. `dated`: the content,
    if it may speak of days.
    """

    __slots__ = ("_signs", "_things", "dated", "length", "spaced")

    def __init__(self, spaced: str, length: int, signs: str, dated: str, things: str) -> None:
        self.spaced = spaced
        self.length = length
        self.dated = dated
        self._signs = signs
        self._things = things

    @property
    def things(self) -> list[str]:
        """Its stems that are of a kind that may be asked for, each once."""
        return self._things.split()

    @property
    def asks(self) -> bool:
        """Whether it ends as a question."""
        return self._signs[0] != "0"

    @property
    def has_question(self) -> bool:
        """Whether a question is in it."""
        return self._signs[1] != "0"

    @property
    def is_first_person(self) -> bool:
        """Whether somebody speaks of themself."""
        return self._signs[2] != "0"

    @property
    def times(self) -> int:
        """How many words of time it has, 3 at most."""
        return int(self._signs[3])

    @property
    def names(self) -> int:
        """How many words with a capital letter that begin no sentence, 2 at most."""
        return int(self._signs[4])

    @property
    def has_number(self) -> bool:
        """In digits or in words."""
        return self._signs[5] != "0"

    @property
    def is_quoting(self) -> bool:
        """Whether something stands in quotation marks."""
        return self._signs[6] != "0"

    @property
    def gives_reason(self) -> bool:
        """Whether it has a word like "because"."""
        return self._signs[7] != "0"

    @property
    def parts(self) -> tuple[str, int, str, str, str]:
        """What makes it again."""
        return self.spaced, self.length, self._signs, self.dated, self._things


@lru_cache(maxsize=16_384)
def text_of(content: str) -> Text:
    """What is in a content."""
    told, found = words(content), stems(content)
    dated = content[:MOST_CHARACTERS] if may_speak_of_days(content, told) else ""
    spaced = "".join(f" {stem} " for stem in found)
    return Text(spaced, len(found), _signs(content, told), dated, " ".join(things_in(found)))


def _signs(content: str, told: Collection[str]) -> str:
    """A digit for each thing that a text may have, in the order of the properties of `Text`."""
    signs = (
        content.rstrip().endswith(questions.QUESTION_MARKS),
        any(mark in content for mark in questions.QUESTION_MARKS),
        not questions.FIRST_PERSON.isdisjoint(told),
        min(words_of_time(told), _MOST_TIMES),
        min(_names_in(content), _MOST_NAMES),
        not questions.NUMBERS.isdisjoint(told) or any(map(str.isdigit, content)),
        questions.is_quoting(content),
        not questions.REASONS.isdisjoint(told),
    )
    return "".join(str(int(sign)) for sign in signs)


class Trait(NamedTuple):
    """A memory, as the ranking sees it. `place`: in time, among those of its kind; `said_at` in
    milliseconds; `found_on`: the days that it speaks of, as they were found on a day: that, and the
    first and last of each, as ordinals. Empty: not yet.
    """

    location: Location
    place: str
    speaker: str | None
    said_at: int
    day: date
    text: Text
    found_on: Sequence[int] = ()

    @property
    def days(self) -> list[Span]:
        """The days that it speaks of. Found anew where its own day is another."""
        if not self.found_on or self.found_on[0] != self.day.toordinal():
            return days_in(self.text.dated, self.day)
        days = map(date.fromordinal, self.found_on[1:])
        return [Span(first, last) for first, last in zip(days, days, strict=True)]

    @property
    def sketch(self) -> str:
        """What makes it again, but for its location: JSON in ASCII. Its day is found anew: that is
        another where the clock is another, and so may be the days that it speaks of.
        """
        found_on = []
        if self.text.dated:
            spans = days_in(self.text.dated, self.day)
            found_on = [day.toordinal() for day in (self.day, *chain.from_iterable(spans))]
        return json.dumps((self.place, self.speaker, self.said_at, found_on, *self.text.parts))


def trait_of(location: Location, fields: Fields) -> Trait:
    """Of the fields of a memory."""
    speaker = speaker_of(fields)
    content = fields.get("content", "")
    prefix = f"{speaker}:"
    said = content[len(prefix) :] if speaker and content.startswith(prefix) else content
    at = said_at(location, fields)
    return Trait(location, place_in_time(location, fields), speaker, at, _day(at), text_of(said))


def sketched(sketches: Mapping[Location, str]) -> Iterable[Trait]:
    """Of their sketches."""
    found = json.loads(f"[{','.join(sketches.values())}]")
    for location, (place, speaker, at, found_on, *text) in zip(sketches, found, strict=True):
        yield Trait(location, place, speaker, at, _day(at), Text(*text), found_on)


def _names_in(content: str) -> int:
    found = 0
    inside = False
    for word in content.split():
        found += inside and word[0].isupper() and len(word) > 1 and word[1].islower()
        inside = word[-1].isalnum() or word[-1] == ","
    return found


def _day(at: int) -> date:
    """The day of a moment; beyond all calendars, the last of all."""
    return local_day(at) or date.max
