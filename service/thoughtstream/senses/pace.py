"""How fast thoughts are fed: as fast as the mind attends to them, at a fixed rate, or flooding."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from thoughtstream.config import StreamConfig
from thoughtstream.errors import ThoughtstreamError

BATCH = 1000
"""The most thoughts of one pipeline."""

_LOOK_S = 0.05
_PATIENCE_S = 10.0


class NobodyAttends(ThoughtstreamError):
    """The windows are full and no attention cycle runs."""


class Pace(Protocol):
    """Says how many thoughts may be written now."""

    async def room(self, wanted: int) -> int:
        """From 1 to `wanted`; waits until there is room."""


class Flood:
    """No limit but the size of a batch."""

    async def room(self, wanted: int) -> int:
        """All of them, at once."""
        return min(wanted, BATCH)


class Rate:
    """A fixed number of thoughts a second."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._begin = time.monotonic()
        self._given = 0

    async def room(self, wanted: int) -> int:
        """As many as the time since the begin allows."""
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

    The windows are kept so short that attention is through with them in half the time that a
    thought may compete.
    """

    def __init__(
        self, look: Callable[[], Awaitable[tuple[int, int]]], streams: StreamConfig
    ) -> None:
        """`look` counts the thoughts that wait in the windows, and those attended so far."""
        self._look = look
        half = streams.working_memory_ttl_ms // 2
        bound = half // max(streams.cycle_target_ms, 1)
        if streams.working_memory_maxlen:
            bound = min(bound, streams.working_memory_maxlen // 2)
        self.bound = max(1, min(bound, BATCH))

    async def room(self, wanted: int) -> int:
        """As many as the windows take.

        Raises:
            NobodyAttends: no thought was attended for 10 s.
        """
        seen, since = -1, time.monotonic()
        while True:
            waiting, attended = await self._look()
            if waiting < self.bound:
                return min(self.bound - waiting, wanted)
            now = time.monotonic()
            if attended != seen:
                seen, since = attended, now
            elif now - since > _PATIENCE_S:
                raise NobodyAttends(
                    f"{waiting} thoughts wait and nobody attends to them; is the service up? "
                    "`thoughtstream up`, or feed with --rate or --flood"
                )
            await asyncio.sleep(_LOOK_S)
