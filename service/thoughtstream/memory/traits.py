"""What the ranking knows of a memory: its words, who said it and when, and what is in it."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from enum import IntEnum
from functools import lru_cache
from itertools import chain
from typing import NamedTuple
from zlib import crc32

from thoughtstream.language import questions
from thoughtstream.language.kinds import things_in
from thoughtstream.language.moments import local_day
from thoughtstream.language.times import Span, days_in, may_speak_of_days, words_of_time
from thoughtstream.language.words import MOST_CHARACTERS, stems, words
from thoughtstream.memory.models import Location, said_at
from thoughtstream.memory.streams import Fields
from thoughtstream.memory.timeline import place_in_time
from thoughtstream.memory.who import speaker_of

VERSION = 3
"""Another number after any change of what a sketch has, or of how it is found: then indexes are
made anew."""

_MOST_TIMES, _MOST_NAMES = 3, 2
_FIRST, _FIRSTS = 0x1000, 0x8000
_SECOND, _SECONDS = 0x9000, 0x4800


@lru_cache(maxsize=65_536)
def hashed(stem: str) -> str:
    """A hash of a stem: two characters, each from a range of its own, so that a text of them is
    searched and counted faster than one of words. Two stems collide once in 600 million times.
    """
    number = crc32(stem.encode(errors="surrogatepass"))
    return chr(_FIRST + number % _FIRSTS) + chr(_SECOND + number // _FIRSTS % _SECONDS)


class Sign(IntEnum):
    """Where the digit of a thing that a text may have stands in its signs."""

    ASKS = 0  # ends as a question
    QUESTION = 1  # has one
    MYSELF = 2  # somebody speaks of themself
    TIMES = 3  # how many words of time, 3 at most
    NAMES = 4  # how many words with a capital letter that begin no sentence, 2 at most
    NUMBER = 5  # in digits or in words
    QUOTES = 6  # something stands in quotation marks
    REASON = 7  # has a word like "because"


class Text(NamedTuple):
    """What is in a content, without the name of who says it that it may begin with.

    `hashes`: of its stems, in order. `signs`: a digit for each `Sign`. `dated`: the content,
    if it may speak of days. `things`: its stems that are of a kind that may be asked for, each
    once, a blank between them.
    """

    hashes: str
    signs: str
    dated: str
    things: str


@lru_cache(maxsize=16_384)
def text_of(content: str) -> Text:
    """What is in a content."""
    told, found = words(content), stems(content)
    dated = content[:MOST_CHARACTERS] if may_speak_of_days(content, told) else ""
    hashes = "".join(map(hashed, found))
    return Text(hashes, _signs(content, told), dated, " ".join(things_in(found)))


def _signs(content: str, told: Collection[str]) -> str:
    """A digit for each `Sign`, in their order."""
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
        """What makes it again, but for its location: its hashes, then JSON in ASCII with `VERSION`.
        Its day is found anew: that is another where the clock is another, and so may be the days
        that it speaks of.
        """
        found_on = []
        if self.text.dated:
            spans = days_in(self.text.dated, self.day)
            found_on = [day.toordinal() for day in (self.day, *chain.from_iterable(spans))]
        hashes, *text = self.text
        rest = VERSION, self.place, self.speaker, self.said_at, found_on, *text
        return hashes + json.dumps(rest)


def trait_of(location: Location, fields: Fields) -> Trait:
    """Of the fields of a memory."""
    speaker = speaker_of(fields)
    content = fields.get("content", "")
    prefix = f"{speaker}:"
    said = content[len(prefix) :] if speaker and content.startswith(prefix) else content
    at = said_at(location, fields)
    return Trait(location, place_in_time(location, fields), speaker, at, _day(at), text_of(said))


def sketched(sketches: Mapping[Location, str]) -> Iterable[Trait]:
    """Of their sketches, but for those of another version."""
    ends = [sketch.index("[") for sketch in sketches.values()]
    rest = ",".join([sketch[end:] for sketch, end in zip(sketches.values(), ends, strict=True)])
    each = zip(sketches.items(), ends, json.loads(f"[{rest}]"), strict=True)
    for (location, sketch), end, (version, *told) in each:
        if version == VERSION:
            place, speaker, at, found_on, *text = told
            yield Trait(location, place, speaker, at, _day(at), Text(sketch[:end], *text), found_on)


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
