"""What recall answers with, and how its answers are restricted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol, Self

from pydantic import BaseModel, ConfigDict, computed_field

from thoughtstream.keys import decode_name, encode_name, readable_fields
from thoughtstream.language.moments import local_day
from thoughtstream.language.times import Span
from thoughtstream.memory.when import days_about, is_on, own_time
from thoughtstream.memory.who import is_named, speaker_of


def order(entry: str) -> tuple[int, int]:
    """Milliseconds and number of an entry `<ms>-<seq>`: sorts entries by age."""
    milliseconds, _, sequence = entry.partition("-")
    return int(milliseconds), int(sequence)


class Location(NamedTuple):
    """Where a memory is: its kind, and its entry `<ms>-<seq>` in the stream of that kind."""

    kind: str
    entry: str

    @property
    def order(self) -> tuple[int, int, str]:
        """Sorts locations by age, the oldest first."""
        return *order(self.entry), self.kind


class Memory(BaseModel):
    """One anchored memory, as its stream has it.

    Times in milliseconds of the server's clock; `window` is where the thought came from; `fields`
    has everything else that came with it (its score in the contest, emotion, provenance). What is
    not UTF-8 in the stream is U+FFFD here. `speaker`: who said it, if anybody is known to have.
    `said_at`: its own time (a field `at`), else `attended_at`. `about`: the days that its content
    speaks of, as seen from when it was said.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    entry: str
    kind: str
    content: str
    window: str
    attended_at: int
    anchored_at: int
    salience: float
    fields: dict[str, str]

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated property
    @property
    def speaker(self) -> str | None:
        """Who said it."""
        return speaker_of(self.fields)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def place(self) -> str:
        """`<kind>/<entry>`: names it among all of a mind, also where no thought wrote it."""
        return f"{self.kind}/{self.entry}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def said_at(self) -> int:
        """When it was said (ms)."""
        own = own_time(self.fields)
        return self.attended_at if own is None else own

    @computed_field  # type: ignore[prop-decorator]
    @property
    def about(self) -> tuple[Span, ...]:
        """The days that it is about."""
        return days_about(self.content, self.said_at)

    @classmethod
    def of(cls, location: Location, fields: dict[str, str], **more: Any) -> Self:
        """From the fields of a stream entry. A foreign entry, written by no thought, gets the
        entry's own id and time.
        """
        rest = readable_fields(fields)
        written_at = location.order[0]
        return cls(
            id=rest.pop("id", "") or location.entry,
            entry=location.entry,
            kind=location.kind,
            content=rest.pop("content", ""),
            window=decode_name(rest.pop("window", "")),
            attended_at=_whole(rest.pop("attended_at", ""), written_at),
            anchored_at=_whole(rest.pop("anchored_at", ""), written_at),
            salience=_number(rest.pop("salience", "")),
            fields=rest,
            **more,
        )


class Reason(BaseModel):
    """A feature of the ranking that speaks for a memory, or against it: `share` is its value by its
    weight. What features mean: `thoughtstream.memory.features.FEATURES`.
    """

    model_config = ConfigDict(frozen=True)

    feature: str
    value: float
    weight: float
    share: float


class Recalled(Memory):
    """A memory that answers a query.

    `score` only compares the memories of one answer. When asked for: `reasons`, its features, the
    weightiest first (the logarithm of the score is the sum of their shares); `context_before` and
    `context_after`, its neighbours of the same kind, in the order in which they were said.
    """

    score: float
    reasons: tuple[Reason, ...] = ()
    context_before: tuple[Memory, ...] = ()
    context_after: tuple[Memory, ...] = ()


class Known(Protocol):
    """What is known of a memory: where it is, who said it, on which day, and about which days."""

    @property
    def location(self) -> Location: ...
    @property
    def speaker(self) -> str | None: ...
    @property
    def day(self) -> date: ...
    @property
    def days(self) -> Sequence[Span]: ...


@dataclass(frozen=True)
class Filters:
    """Which memories may be recalled. Times (`said_at`) in milliseconds, both ends included; `on`:
    said on one of these days, or about one. An index may leave all but `kind` to `accepts`.
    """

    kind: str | None = None
    since: int | None = None
    until: int | None = None
    window: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    who: str | None = None
    on: tuple[Span, ...] = ()

    def may_accept(self, known: "Known") -> bool:
        """By what is known of a memory without reading it. Exact of `kind`, `who` and `on`."""
        return (
            self.kind in (None, known.location.kind)
            and (self.who is None or is_named(self.who, known.speaker or ""))
            and (not self.on or is_on((Span(known.day, known.day), *known.days), self.on))
        )

    def accepts(self, location: Location, fields: dict[str, str]) -> bool:
        """Whether a stream entry passes."""
        at = said_at(location, fields)
        return (
            self.kind in (None, location.kind)
            and (self.since is None or at >= self.since)
            and (self.until is None or at <= self.until)
            and (self.window is None or fields.get("window") == self.window_field)
            and all(fields.get(name) == value for name, value in self.fields)
            and (self.who is None or is_named(self.who, speaker_of(fields) or ""))
            and (not self.on or self._is_on(fields.get("content", ""), at))
        )

    def _is_on(self, content: str, at: int) -> bool:
        day = local_day(at)
        said = () if day is None else (Span(day, day),)
        return is_on(said, self.on) or is_on(days_about(content, at), self.on)

    @property
    def window_field(self) -> str | None:
        """The window as the field `window` has it."""
        return None if self.window is None else encode_name(self.window, what="window")


def attended_at(location: Location, fields: dict[str, str]) -> int:
    """When a memory was attended (ms); for a foreign entry, when it was written."""
    return _whole(fields.get("attended_at", ""), location.order[0])


def said_at(location: Location, fields: dict[str, str]) -> int:
    """When a memory was said (ms): as it says itself, else when it was attended."""
    own = own_time(fields)
    return attended_at(location, fields) if own is None else own


def _whole(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else otherwise


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
