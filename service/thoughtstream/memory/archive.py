"""The file that a mind is exported to: lines of JSON (NDJSON), and how it is known to be whole.

First `{"format", "mind", "taken_at", "counts"}`, then one line for each memory, each forgotten
thought, each memory that was merged and the ledger, last `{"end": true, "lines", "sha256"}`: of all
lines before it. Text that is not UTF-8 in Redis stands as `\\udcXX`, so every byte comes back.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple

from thoughtstream.errors import ThoughtstreamError
from thoughtstream.keys import MEMORY_KINDS, MERGED, UNCONSCIOUS
from thoughtstream.memory.streams import Fields

FORMAT = "thoughtstream.mind/1"

_LONGEST_LINE = 1 << 28
_MOST_FIELDS = 3000
_ENTRY = re.compile(r"(\d{1,20})-(\d{1,20})", re.ASCII)
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Terminals obey the first ones, some readers end a line at the next, UTF-8 has no others."""


class BadExport(ThoughtstreamError, ValueError):
    """This is no export of a mind, or not a whole one; nothing was imported."""


class Header(NamedTuple):
    """The first line. `taken_at`: ms of the server's clock; `counts`: what there was then, by kind
    of memory, `forgotten` and `merged`.
    """

    mind: str
    taken_at: int
    counts: dict[str, int]


class Kept(NamedTuple):
    """A memory: its entry in the stream of its kind; `item` has what sleep keeps of it."""

    kind: str
    entry: str
    fields: Fields
    item: Fields


class Left(NamedTuple):
    """What is remembered no more: an entry of the stream `forgotten` or `merged`."""

    stream: str
    entry: str
    fields: Fields


Record = Kept | Left
LEFT = {"forgotten": UNCONSCIOUS, "merged": MERGED}


@dataclass
class Writing:
    """An export that is being written: each method returns the next line of it."""

    lines: int = 0
    _sum: Any = field(default_factory=hashlib.sha256)

    def header(self, mind: str, taken_at: int, counts: dict[str, int]) -> str:
        """The first line."""
        return self._line({"format": FORMAT, "mind": mind, "taken_at": taken_at, "counts": counts})

    def record(self, record: Record) -> str:
        """A line of what the mind has."""
        value = record._asdict()
        return self._line({value.pop("stream", "memory"): value})

    def ledger(self, ledger: Fields) -> str:
        """The line of the ledger."""
        return self._line({"ledger": ledger})

    def end(self) -> str:
        """The last line."""
        return _text({"end": True, "lines": self.lines, "sha256": self._sum.hexdigest()})

    def _line(self, value: dict[str, Any]) -> str:
        line = _text(value)
        self._sum.update(line.encode())
        self.lines += 1
        return line


def check(file: BinaryIO) -> Header:
    """What the first line says, if it is a whole export.

    Raises:
        BadExport: it is not; the message says why.
    """
    file.seek(0)
    summed, number = hashlib.sha256(), 0
    header: Header | None = None
    for number, line in enumerate(_lines(file), 1):
        value = _value(number, line)
        if header is None:
            header = _header(value)
        elif value.get("end") is True:
            _check_end(value, number - 1, summed.hexdigest())
            if file.read(1):
                raise BadExport(f"line {number + 1}: comes after the end")
            return header
        else:
            _record(number, value)
        summed.update(line)
    if header is None:
        raise BadExport("it is empty: no export of a mind")
    raise BadExport(f"it was cut off after line {number}: the last line is missing; export again")


def records(file: BinaryIO) -> Iterator[Record]:
    """What a whole export has."""
    file.seek(0)
    for number, line in enumerate(_lines(file), 1):
        found = _record(number, _value(number, line)) if number > 1 else None
        if found is not None:
            yield found


def _lines(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.readline(_LONGEST_LINE), b"")


def _text(value: dict[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def _value(number: int, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadExport(f"line {number}: is no JSON object, or was cut off; nothing was imported")
    return value


def _header(value: dict[str, Any]) -> Header:
    if value.get("format") != FORMAT:
        raise BadExport(f"line 1: format is {value.get('format')!r}; this reads {FORMAT}")
    mind, taken_at, counts = (value.get(name) for name in Header._fields)
    if not isinstance(mind, str) or not isinstance(taken_at, int) or not isinstance(counts, dict):
        raise BadExport("line 1: mind, taken_at and counts are not as in an export")
    return Header(mind, taken_at, counts)


def _check_end(value: dict[str, Any], lines: int, summed: str) -> None:
    if value.get("lines") != lines:
        raise BadExport(f"there are {lines} lines where {value.get('lines')} were written")
    if value.get("sha256") != summed:
        raise BadExport("sha256: the sum is wrong; it is not as it was exported")


def _record(number: int, value: dict[str, Any]) -> Record | None:
    """None: a line that is not for import (the ledger, or what a later version adds)."""
    try:
        if "memory" in value:
            found: Record | None = Kept(**value["memory"])
        else:
            left = (Left(name, **value[name]) for name in LEFT if name in value)
            found = next(left, None)
    except TypeError:
        wrong: str | None = "its names"
    else:
        wrong = None if found is None else _fault(found)
    if wrong:
        raise BadExport(f"line {number}: {wrong}: not as in an export; nothing was imported")
    return found


def _fault(record: Record) -> str | None:
    """What is wrong with it."""
    found = _ENTRY.fullmatch(record.entry) if isinstance(record.entry, str) else None
    parts = [] if found is None else list(map(int, found.groups()))
    if not any(parts) or max(parts) >= 1 << 64:
        return "entry"
    if isinstance(record, Kept) and record.kind not in MEMORY_KINDS:
        return "kind"
    own = record.item if isinstance(record, Kept) else {}
    return None if record.fields and _are_fields(record.fields) and _are_fields(own) else "fields"


def _are_fields(fields: Any) -> bool:
    return (
        isinstance(fields, dict)
        and len(fields) <= _MOST_FIELDS
        and all(isinstance(value, str) for value in fields.values())
    )
