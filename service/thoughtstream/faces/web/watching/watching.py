"""Everything that anybody watches, and who watches it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager

from thoughtstream.config import Settings
from thoughtstream.faces.web.watching.channel import Channel
from thoughtstream.faces.web.watching.permit import Permit, StillHolds
from thoughtstream.faces.web.watching.reader import Reader
from thoughtstream.faces.web.watching.source import Source
from thoughtstream.measuring.measures import NOTHING, Measures
from thoughtstream.measuring.web import WATCHER_CLOSED

_TEND_S = 1.0


class TooManyWatchers(Exception):
    """There are `web.max_watchers` readers already."""


class Watching:
    """`open` makes one."""

    def __init__(
        self, settings: Settings, still_holds: StillHolds, measures: Measures = NOTHING
    ) -> None:
        self.source = Source(settings)
        self.measures = measures
        self._still_holds = still_holds
        self._most = settings.web.max_watchers
        self._readers: dict[Reader, Permit] = {}
        self._channels: dict[Hashable, Channel] = {}

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, still_holds: StillHolds, measures: Measures = NOTHING
    ) -> AsyncIterator["Watching"]:
        """Serve readers until the context ends. Redis need not be there."""
        watching = cls(settings, still_holds, measures)
        tending = asyncio.create_task(watching._tend())
        try:
            yield watching
        finally:
            tending.cancel()
            watching.dismiss()
            for reader in list(watching._readers):
                watching.leave(reader)
            await watching.source.aclose()

    @property
    def readers(self) -> int:
        """How many there are."""
        return len(self._readers)

    @property
    def watched(self) -> tuple[Hashable, ...]:
        """What anybody watches."""
        return tuple(self._channels)

    def dismiss(self) -> None:
        """End every stream; its reader will come again."""
        for reader in self._readers:
            reader.end()

    def enter(self, permit: Permit) -> Reader:
        """A new reader, of nothing yet; `leave` has to follow.

        Raises:
            TooManyWatchers
        """
        if len(self._readers) >= self._most:
            self.measures.count(WATCHER_CLOSED, "full")
            raise TooManyWatchers
        reader = Reader(self.source.clock.now_ms, self.measures)
        self._readers[reader] = permit
        return reader

    def join(
        self, reader: Reader, what: Hashable, make: Callable[[], Channel], resume_after: str | None
    ) -> None:
        """Have a reader told of something from now on. `make`: its channel, if it has none yet."""
        channel = self._channels.get(what)
        if channel is None:
            channel = self._channels[what] = make()
        channel.join(reader, resume_after)

    def leave(self, reader: Reader) -> None:
        """A reader has gone. What nobody else watches costs nothing from now on."""
        self._readers.pop(reader, None)
        for what, channel in list(self._channels.items()):
            if reader in channel.readers:
                channel.leave(reader)
                if not channel.readers:
                    del self._channels[what]

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(_TEND_S)
            permits = set(self._readers.values())
            holds = {permit: self._still_holds(permit) for permit in permits}
            for reader, permit in self._readers.items():
                if holds[permit]:
                    reader.keep_awake()
                else:
                    reader.end()
