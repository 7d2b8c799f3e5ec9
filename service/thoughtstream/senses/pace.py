"""How fast thoughts are fed: as fast as the mind attends to them, at a fixed rate, or flooding."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from thoughtstream.config import StreamConfig
from thoughtstream.errors import ThoughtstreamError

BATCH = 1000
"""The most thoughts of one pipeline."""

_LOOK_S = 0.02
_PATIENCE_S = 5.0


class NobodyAttends(ThoughtstreamError):
    """What was fed stays in its windows: no attention cycle is running."""


class Pace(Protocol):
    """Says how many thoughts may be written now."""

    async def room(self, wanted: int, last: Sequence[str]) -> int:
        """From 1 to `wanted`; waits until there is room. `last`: what was written before."""


class Flood:
    """No limit but the size of a batch."""

    async def room(self, wanted: int, last: Sequence[str]) -> int:
        """All of them, at once."""
        return min(wanted, BATCH)


class Rate:
    """A fixed number of thoughts per second."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._begin = time.monotonic()
        self._given = 0

    async def room(self, wanted: int, last: Sequence[str]) -> int:
        """As many as the time since the start allows."""
        early = self._given / self._per_second - self._elapsed()
        if early > 0:
            await asyncio.sleep(early)
        owed = int(self._elapsed() * self._per_second) + 1 - self._given
        room = max(1, min(owed, wanted, BATCH))
        self._given += room
        return room

    def _elapsed(self) -> float:
        return time.monotonic() - self._begin


class Attention:
    """As many as the mind attends to: nothing fed at this pace is displaced or expires.

    Thoughts come in batches small enough to be attended in half the time that a thought may
    compete, and a batch only when the previous one has left the windows: in a queue that is always
    topped up, the weakest would never win.
    """

    def __init__(
        self, waiting: Callable[[Sequence[str]], Awaitable[bool]], streams: StreamConfig
    ) -> None:
        """`waiting` tells whether any of these thoughts is still in its window."""
        self._waiting = waiting
        self._patience_s = _PATIENCE_S + streams.working_memory_ttl_ms / 1000
        half = streams.working_memory_ttl_ms // 2
        room = min(half // max(streams.cycle_target_ms, 1), BATCH)
        if streams.working_memory_maxlen:
            room = min(room, streams.working_memory_maxlen // 2)
        self._batch = max(1, room)

    async def room(self, wanted: int, last: Sequence[str]) -> int:
        """A batch, when the last one has left its windows.

        Raises:
            NobodyAttends: it has not, long after its time to compete is over.
        """
        end = time.monotonic() + self._patience_s
        while last and await self._waiting(last):
            if time.monotonic() > end:
                raise NobodyAttends(
                    "the mind does not attend to what was fed; is the service running? "
                    "Start it with `thoughtstream up`, or feed with --rate or --flood"
                )
            await asyncio.sleep(_LOOK_S)
        return min(wanted, self._batch)
