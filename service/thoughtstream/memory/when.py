"""When a memory was said, and which days it is about.

Both follow from what it was anchored with, and so are the same whenever they are asked for, also of
memories of earlier versions: relative words ("last Friday") count from the day on which it was
said, not from the day of reading.
"""

from collections.abc import Mapping

from thoughtstream.language.moments import first_moment, local_day, milliseconds
from thoughtstream.language.times import Span, days_in

_ELSE = ("said_at", "timestamp", "created_at")


def own_time(fields: Mapping[str, str]) -> int | None:
    """When somebody says that it was said (ms): its `at`, or as chats and conversations name it;
    None if nobody does.
    """
    at = milliseconds(fields.get("at", ""))
    return first_moment(map(fields.get, _ELSE)) if at is None else at


def days_about(content: str, said_at: int) -> tuple[Span, ...]:
    """The days that a content said at this time (ms) speaks of."""
    day = local_day(said_at)
    return () if day is None else tuple(days_in(content, day))


def is_on(spans: tuple[Span, ...], asked: tuple[Span, ...]) -> bool:
    """Whether any of these days is among those asked for."""
    return any(
        one.first <= other.last and other.first <= one.last for one in spans for other in asked
    )
