"""What can be asked of recall: one model, for Python, the command line and whatever else asks."""

import re
from contextlib import suppress
from datetime import date, datetime, time
from typing import Annotated, Any, TypedDict, Unpack

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from thoughtstream.arguments import IS_TEXT
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.explaining import explain as told
from thoughtstream.keys import MAX_NAME_CHARACTERS, Kind
from thoughtstream.language.times import Span, days_in
from thoughtstream.language.words import words
from thoughtstream.memory.models import Filters

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_SAID = re.compile(
    r"(?P<day>[-\d]{10})((?P<minute>[T ]\d\d:\d\d)(?P<second>:\d\d)?(?P<zone>Z|[-+][:\d]+)?)?", re.I
)
_FROM_TO = re.compile(r"(\d{4}-\d\d-\d\d) to (\d{4}-\d\d-\d\d)")
_LAST = time(23, 59, 59, 999_000)
"""Of a day, as far as milliseconds tell."""


class InvalidRecall(ThoughtstreamError, ValueError):
    """A recall that can't be asked like this; the message names the field and what it may be."""


def _milliseconds(when: datetime) -> int:
    return round(when.timestamp() * 1000)


def _has_milliseconds(when: datetime) -> datetime:
    try:
        _milliseconds(when)
    except (OverflowError, ValueError, OSError):
        raise ValueError("is out of range; give a later year") from None
    return when


def _with_a_day(when: object) -> object:
    """A bare number is refused: a year ("2020") would be 2,020 seconds after 1970."""
    if isinstance(when, date) or (isinstance(when, str) and _DAY.match(when)):
        return when
    raise ValueError("is not a moment; give a datetime, or text that begins with a day: 2020-01-31")


def _to_its_end(when: object) -> object:
    """A day means all of it, a minute or second that a text says as well."""
    if isinstance(when, date) and not isinstance(when, datetime):
        return datetime.combine(when, _LAST)
    said = _SAID.fullmatch(when.strip()) if isinstance(when, str) else None
    if said is None:
        return when
    minute, second = said["minute"] or "T23:59", said["second"] or ":59"
    return f"{said['day']}{minute}{second}.999{said['zone'] or ''}"


def _as_day(when: object) -> object:
    return when.date() if isinstance(when, datetime) else when


def _has_days(when: date | str | None) -> date | str | None:
    if isinstance(when, str) and not _days_said(when):
        raise ValueError('is no day; give one like 2020-01-31, "last Friday" or "July 2020"')
    return when


def _days_said(text: str) -> tuple[Span, ...]:
    """The days of a text, also as recall shows them: 2020-01-30 to 2020-02-02."""
    if shown := _FROM_TO.fullmatch(text.strip()):
        with suppress(ValueError):
            return (Span(date.fromisoformat(shown[1]), date.fromisoformat(shown[2])),)
    return tuple(days_in(text, date.today()))


def _has_words(name: str | None) -> str | None:
    if name is not None and not words(name):
        raise ValueError("is not a name; give one with a letter or digit")
    return name


Moment = Annotated[datetime, BeforeValidator(_with_a_day), AfterValidator(_has_milliseconds)]
Limit = Annotated[
    int, Field(strict=True, ge=1, le=1000, description="Return this many results at most.")
]
Offset = Annotated[
    int, Field(strict=True, ge=0, le=10_000, description="Skip the first N results.")
]
Context = Annotated[
    int,
    Field(
        strict=True,
        ge=0,
        le=100,
        description="Add the N memories just before and after each result.",
    ),
]
OfKind = Annotated[Kind | None, Field(description="Only memories of this kind.")]
Since = Annotated[
    Moment | None,
    Field(description="Only what was said at this time or later (without a zone: local time)."),
]
Until = Annotated[
    Annotated[Moment, BeforeValidator(_to_its_end)] | None,
    Field(description="Only what was said at this time or earlier; a day means all of it."),
]
On = Annotated[
    date | str | None,
    BeforeValidator(_as_day),
    AfterValidator(_has_days),
    Field(description="Only what was said on this day or is about it: 2020-01-31, or last week."),
]
Who = Annotated[
    str | None,
    AfterValidator(_has_words),
    Field(description="Only what was said by somebody of this name."),
]
FromWindow = Annotated[
    Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARACTERS), IS_TEXT] | None,
    Field(description="Only what came from this window."),
]

FromSource = Annotated[
    Annotated[str, IS_TEXT] | None,
    Field(description="Only what has this `source`."),
]
WithFields = Annotated[
    dict[str, str],
    Field(description="Only memories that have this field with this value, like role=user."),
]

Explain = Annotated[
    bool, Field(strict=True, description="Say of each result what speaks for it, and how much.")
]


def moment(text: str, *, is_end: bool) -> datetime:
    """What `since`, or `until`, means by a text.

    Raises:
        InvalidRecall: it is no moment.
    """
    kind: Any = Until if is_end else Since
    try:
        found: datetime = TypeAdapter(kind).validate_python(text)
    except ValidationError as error:
        raise InvalidRecall(told(error)) from None
    return found


class RecallOptions(TypedDict, total=False):
    """The fields of a `RecallQuery` that may be left out, as keyword arguments."""

    limit: Limit
    offset: Offset
    kind: OfKind
    since: Since
    until: Until
    on: On
    who: Who
    window: FromWindow
    source: FromSource
    fields: WithFields
    context: Context
    explain: Explain


class RecallQuery(BaseModel):
    """A question to memory. Any text is a safe query; one without a letter or digit finds nothing.

    `since` and `until` include both ends. What was said has a time of its own (a field `at`), or
    that at which it was attended.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: Annotated[str, Field(description="Any words."), IS_TEXT]
    limit: Limit = 10
    offset: Offset = 0
    kind: OfKind = None
    since: Since = None
    until: Until = None
    on: On = None
    who: Who = None
    window: FromWindow = None
    source: FromSource = None
    fields: WithFields = {}
    context: Context = 0
    explain: Explain = False

    @classmethod
    def of(cls, query: "str | RecallQuery", **options: Unpack[RecallOptions]) -> "RecallQuery":
        """A query of these options; given another query, the rest is as in that.

        Raises:
            InvalidRecall: a field is wrong; the message names it.
        """
        known = dict(query) if isinstance(query, RecallQuery) else {"query": query}
        try:
            return cls(**{**known, **options})
        except ValidationError as error:
            raise InvalidRecall(told(error)) from None

    @model_validator(mode="after")
    def _in_order(self) -> "RecallQuery":
        since, until = self.filters.since, self.filters.until
        if since is not None and until is not None and since > until:
            raise ValueError(f"since: {self.since} is after until: {self.until}; exchange them")
        return self

    @property
    def filters(self) -> Filters:
        """Which memories may be recalled."""
        since = None if self.since is None else _milliseconds(self.since)
        until = None if self.until is None else _milliseconds(self.until)
        source = {} if self.source is None else {"source": self.source}
        fields = (*self.fields.items(), *source.items())
        return Filters(self.kind, since, until, self.window, fields, self.who, self._days)

    @property
    def _days(self) -> tuple[Span, ...]:
        if isinstance(self.on, str):
            return _days_said(self.on)
        return () if self.on is None else (Span(self.on, self.on),)
