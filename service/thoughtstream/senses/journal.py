"""systemd's journal, as `journalctl` tells it: a line of JSON for each entry."""

import asyncio
import json
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from thoughtstream.attention.models import NewThought
from thoughtstream.keys import readable
from thoughtstream.senses.logs import LogError, LogSense

_LONGEST_LINE = 1 << 20
_WEIGHTS = (1.0, 1.0, 0.95, 0.85, 0.65, 0.5, 0.45, 0.35)
_USUAL_PRIORITY = 6


class JournalSense:
    """New entries, as they come. `journalctl` is started when it is needed: again, if it ended."""

    def __init__(self) -> None:
        self._sense = LogSense("journal")
        self._process: Process | None = None

    async def notice(self) -> list[NewThought]:
        """The next entry's thoughts.

        Raises:
            LogError: `journalctl` has ended, or its next line is none that it should write.
            OSError: it can't be started.
        """
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                "journalctl", "--follow", "--lines=0", "--output=json",
                stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, limit=_LONGEST_LINE,
            )  # fmt: skip
        assert self._process.stdout is not None
        line = await _next_line(self._process.stdout)
        if not line:
            process, self._process = self._process, None
            raise LogError(f"journalctl ended with exit code {await process.wait()}")
        lines, weights = _entry(line)
        return list(self._sense.notice(lines, weights))

    async def close(self) -> None:
        """End `journalctl`."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


async def _next_line(reader: asyncio.StreamReader) -> bytes:
    """The next line; none at the end."""
    is_too_long = False
    while True:
        try:
            line = await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            line = error.partial
        except asyncio.LimitOverrunError as error:
            is_too_long = True
            await reader.readexactly(error.consumed)
            continue
        if is_too_long:
            raise LogError(f"an entry of more than {_LONGEST_LINE:,} bytes was left out")
        return line


def _entry(line: bytes) -> tuple[list[str], list[float]]:
    """The messages of an entry, and their weights."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LogError(f"an entry is not JSON: {error}") from None
    if not isinstance(entry, dict):
        raise LogError("an entry is not a JSON object")
    who = next(_texts(entry.get("SYSLOG_IDENTIFIER")), "?")
    lines = [f"{who}: {message}" for message in _texts(entry.get("MESSAGE"))]
    priorities = [int(text) for text in _texts(entry.get("PRIORITY")) if text in _PRIORITIES]
    weight = _WEIGHTS[min(priorities, default=_USUAL_PRIORITY)]
    return lines, [weight] * len(lines)


_PRIORITIES = {str(priority) for priority in range(len(_WEIGHTS))}


def _texts(value: Any) -> Iterator[str]:
    """The texts of a field, which may be there several times. journald writes bytes that are no
    text as a list of numbers, and a very long text as null.
    """
    if isinstance(value, list) and value and all(_is_byte(one) for one in value):
        yield bytes(value).decode(errors="replace")
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif value is not None:
        yield readable(str(value))


def _is_byte(value: object) -> bool:
    return type(value) is int and 0 <= value < 256
