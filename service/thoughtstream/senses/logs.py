"""Log lines: of files that are followed, and of systemd's journal."""

import asyncio
import json
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from thoughtstream.attention.models import NewThought
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.senses import salience

LINES_AT_ONCE = 50
"""Lines of one log that become thoughts in one round; any more are only counted."""

_LONGEST = 2000
_KINDS_KEPT = 10_000
_SEVERITY = (
    (re.compile(r"\b(panic|fatal|emerg\w*|crit\w*|alert|oom|segfault|traceback)\b", re.I), 0.95),
    (re.compile(r"\b(err(or)?s?|fail(ed|ure|s)?|denied|refused|exception)\b", re.I), 0.85),
    (re.compile(r"\b(warn(ing)?s?|timed? ?out|retry\w*|deprecated)\b", re.I), 0.65),
)
_ORDINARY = 0.45
_JOURNAL_WEIGHTS = (1.0, 1.0, 0.95, 0.85, 0.65, 0.5, 0.45, 0.35)
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
        """The whole lines that were added since the last time."""
        lines = self._complete(self._file.read())
        with suppress(OSError):
            now, open_ = self.path.stat(), os.fstat(self._file.fileno())
            if now.st_ino != open_.st_ino or now.st_size < self._file.tell():
                self._file.close()
                self._file = self.path.open("rb")
                lines += self._complete(self._file.read())
        return lines

    def close(self) -> None:
        """Stop following."""
        self._file.close()

    def _complete(self, new: bytes) -> list[str]:
        *lines, self._rest = (self._rest + new).split(b"\n")
        return [line.decode(errors="replace") for line in lines]


async def journal() -> AsyncIterator[tuple[list[str], list[float]]]:
    """New lines of systemd's journal, as they come, with the weight of their priority."""
    process = await asyncio.create_subprocess_exec(
        "journalctl", "--follow", "--lines=0", "--output=json",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=1 << 20,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        while line := await process.stdout.readline():
            yield _journal_line(line)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _journal_line(line: bytes) -> tuple[list[str], list[float]]:
    entry = json.loads(line)
    message = entry.get("MESSAGE")
    if message is None:  # journald omits very long messages
        return [], []
    if isinstance(message, list):  # journald's form for bytes that are not text
        message = bytes(message).decode(errors="replace")
    priority = int(entry.get("PRIORITY", 6))
    return [f"{entry.get('SYSLOG_IDENTIFIER', '?')}: {message}"], [_JOURNAL_WEIGHTS[priority]]
