"""Moments as programs write them: milliseconds or seconds since the epoch, ISO 8601, mails."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from email.utils import parsedate_to_datetime

_NUMBER = re.compile(r"\d{1,18}(?:\.\d{1,9})?", re.ASCII)
_SLASHES = re.compile(r"(\d{4})/(\d\d)/(\d\d)", re.ASCII)
_OF_MAIL = re.compile(
    r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} "
    r"\d\d:\d\d(?::\d\d)?(?: [-+]\d{4}| [A-Z]{1,4})?",
    re.ASCII,
)
_A_YEAR_MS = 365 * 86_400_000
_SECONDS_DIGITS = range(9, 12)
"""Of a number of seconds, from 1973 to 5138; with as many, milliseconds are in the 1970s."""


def milliseconds(moment: str) -> int | None:
    """A moment in milliseconds since the epoch; None if it is none. Without a zone it is local."""
    text = moment.strip()
    if _NUMBER.fullmatch(text):
        whole = text.partition(".")[0]
        return round(float(text) * 1000) if len(whole) in _SECONDS_DIGITS else int(whole)
    try:
        found = round(_read(text).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found >= 0 else None


def _read(text: str) -> datetime:
    if _OF_MAIL.fullmatch(text):
        return parsedate_to_datetime(text)
    return datetime.fromisoformat(_SLASHES.sub(r"\1-\2-\3", text, count=1))


def first_moment(told: Iterable[object]) -> int | None:
    """The first of some values that is a moment (ms) after 1970; None if there is none. A small
    number may count anything.
    """
    found = (milliseconds(str(one)) for one in told if one is not None)
    return next((moment for moment in found if moment is not None and moment >= _A_YEAR_MS), None)


def local_day(ms: int) -> date | None:
    """The day of a moment where we are; None if no calendar has it."""
    try:
        return datetime.fromtimestamp(ms / 1000).date()
    except (ValueError, OverflowError, OSError):
        return None
