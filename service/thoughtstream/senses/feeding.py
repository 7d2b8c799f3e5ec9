"""Feeding: lines become thoughts, written at a given pace; bad lines are reported and skipped."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from thoughtstream.attention.models import NewThought
from thoughtstream.errors import InvalidThought, MemoryFull
from thoughtstream.senses.formats import BadLine, Reader
from thoughtstream.senses.lines import Line
from thoughtstream.senses.pace import Pace
from thoughtstream.senses.sensing import Write


@dataclass
class Feeding:
    """One feeding, and its progress.

    `read_bytes` counts what was read, `read` the thoughts in it, `fed` those written; `last` has
    the ids of those written last. While it `is_writing` nobody knows how many of a batch are
    accepted: whoever wants it to end sets `stopped` then, and cancels it at any other time.
    """

    reader: Reader
    on_bad: Callable[[BadLine], None]
    on_fed: Callable[["Feeding"], None]
    strict: bool = False
    read_bytes: int = 0
    read: int = 0
    fed: int = 0
    bad: int = 0
    is_writing: bool = False
    stopped: bool = False
    last: list[str] = field(default_factory=list)

    async def run(self, lines: AsyncIterator[list[Line]], write: Write, pace: Pace) -> None:
        """Feed all lines; with `strict`, up to the first bad one.

        Raises: as `Mind.feed`, what the pace raises, and CancelledError once it is `stopped`; `fed`
        is right in any case.
        """
        async for group in lines:
            self.read_bytes += sum(len(line) + 1 for _, line in group)
            if not await self._feed(self.reader.read(group), write, pace):
                return
        await self._feed(self.reader.end(), write, pace)

    async def _feed(self, found: Iterable[NewThought | BadLine], write: Write, pace: Pace) -> bool:
        good, go_on = self._sort(found)
        self.read += len(good)
        rest = iter(good)
        left = len(good)
        while left:
            batch = list(islice(rest, await pace.room(left, self.last)))
            await self._write(batch, write)
            left -= len(batch)
        return go_on

    async def _write(self, batch: list[NewThought], write: Write) -> None:
        self.is_writing = True
        try:
            self.last = await write(batch)
        except (MemoryFull, InvalidThought) as error:
            self.fed += error.accepted
            raise
        finally:
            self.is_writing = False
        self.fed += len(batch)
        self.on_fed(self)
        if self.stopped:
            raise asyncio.CancelledError

    def _sort(self, found: Iterable[NewThought | BadLine]) -> tuple[list[NewThought], bool]:
        good = []
        for item in found:
            if isinstance(item, NewThought):
                good.append(item)
                continue
            self.bad += 1
            self.on_bad(item)
            if self.strict:
                return good, False
        return good, True
