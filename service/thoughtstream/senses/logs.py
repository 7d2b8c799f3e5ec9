"""Log lines, and files of them that are followed."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from thoughtstream.attention.models import NewThought
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.senses import salience

LINES_AT_ONCE = 50
"""Lines of one log that become thoughts in one round; any more are only counted."""

_LONGEST = 2000
_LONGEST_BYTES = 4 * _LONGEST
"""Of a line that has not ended yet; the rest would not be told."""

_KINDS_KEPT = 10_000
_SEVERITY = (
    (re.compile(r"\b(panic|fatal|emerg\w*|crit\w*|alert|oom|segfault|traceback)\b", re.I), 0.95),
    (re.compile(r"\b(err(or)?s?|fail(ed|ure|s)?|denied|refused|exception)\b", re.I), 0.85),
    (re.compile(r"\b(warn(ing)?s?|timed? ?out|retry\w*|deprecated)\b", re.I), 0.65),
)
_ORDINARY = 0.45
_VARIABLE = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8,}|\d+", re.I)


class LogError(ThoughtstreamError):
    """A log cannot be followed."""


@dataclass
class LogSense:
    """Turns lines of one log into thoughts; counts how often it has seen each kind of line."""

    name: str
    times: Counter[str] = field(default_factory=Counter)

    def notice(self, lines: list[str], weights: list[float] | None = None) -> Iterator[NewThought]:
        """Thoughts of these lines: as salient as they are severe and rare."""
        for number, line in enumerate(lines[:LINES_AT_ONCE]):
            text = line.strip()[:_LONGEST]
            if text:
                weight = weights[number] if weights else severity(text)
                yield self._thought(text, weight)
        more = len(lines) - LINES_AT_ONCE
        if more > 0:
            yield self._thought(f"{more} more lines in {self.name}", _ORDINARY)

    def _thought(self, text: str, weight: float) -> NewThought:
        kind = _VARIABLE.sub("#", text)
        self.times[kind] += 1
        value = salience.of_event(weight, self.times[kind])
        if len(self.times) > _KINDS_KEPT:
            self.times = Counter(dict(self.times.most_common(_KINDS_KEPT // 2)))
        return NewThought(
            content=text, window="log", salience=round(value, 3), extra={"log": self.name}
        )


def severity(line: str) -> float:
    """How severe a line is, by its words, 0.45 to 0.95."""
    return next((weight for words, weight in _SEVERITY if words.search(line)), _ORDINARY)


class LogFile:
    """Follows a file from its end, also when it is rotated or truncated."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise LogError(f"--log: {path}: {error.strerror}; choose a file you can read") from None
        self._file.seek(0, os.SEEK_END)
        self._rest = b""

    def read(self) -> list[str]:
        """The whole lines that were added since the last time.

        Raises:
            OSError: the file in its place can't be read; until it can, the old one is followed.
        """
        lines = self._complete(self._file.read())
        try:
            return lines + self._follow_on()
        except OSError:
            if lines:
                return lines  # and the error next time
            raise

    def close(self) -> None:
        """Stop following."""
        self._file.close()

    def _follow_on(self) -> list[str]:
        """The lines of the file that is now in its place, if it is another or begins anew."""
        now, open_ = self.path.stat(), os.fstat(self._file.fileno())
        if now.st_ino == open_.st_ino and now.st_size >= self._file.tell():
            return []
        new = self.path.open("rb")
        last = self._complete(self._file.read() + (b"\n" if self._rest else b""))
        self._file.close()
        self._file = new
        return last + self._complete(new.read())

    def _complete(self, new: bytes) -> list[str]:
        *lines, rest = (self._rest + new).split(b"\n")
        self._rest = rest[:_LONGEST_BYTES]
        return [line.decode(errors="replace") for line in lines]
