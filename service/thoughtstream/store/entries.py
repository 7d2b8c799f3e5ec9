"""Entries of streams, `<ms>-<seq>`, as they are asked for."""

import re

from thoughtstream.errors import InvalidThought

_ENTRY = re.compile(r"([0-9]{1,20})-([0-9]{1,20})")
LARGEST = 2**64 - 1


def checked_entry(entry: str) -> str:
    """An entry that a stream can have.

    Raises:
        InvalidThought: it is none.
    """
    parts = _ENTRY.fullmatch(entry)
    if parts is None or max(map(int, parts.groups())) > LARGEST:
        raise InvalidThought(f"entry: {entry!r} is not <ms>-<seq>")
    return entry


def end_of_page(before: str) -> str:
    """The newest end of a page that comes before an entry (XREVRANGE); `+`: that of the first.

    Raises:
        InvalidThought: it is neither.
    """
    if before == "+":
        return before
    is_first = not any(map(int, checked_entry(before).split("-")))
    return "-" if is_first else f"({before}"  # Redis refuses what would end before all
