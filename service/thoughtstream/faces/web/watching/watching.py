"""Everything that anybody watches, and who watches it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager

from thoughtstream.config import Settings
from thoughtstream.faces.web.watching.channel import Channel
from thoughtstream.faces.web.watching.reader import Reader
from thoughtstream.faces.web.watching.source import Source

_TEND_S = 1.0


class TooManyWatchers(Exception):
    """There are `web.max_watchers` readers already."""


class Watching:
    """`open` makes one."""

    def __init__(self, settings: Settings) -> None:
        self.source = Source(settings)
        self._most = settings.web.max_watchers
        self._readers = set[Reader]()
        self._channels: dict[Hashable, Channel] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> AsyncIterator["Watching"]:
        """Serve readers until the context ends. Redis need not be there."""
        watching = cls(settings)
        tending = asyncio.create_task(watching._tend())
        try:
            yield watching
        finally:
            tending.cancel()
            watching.dismiss()
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

    def enter(self) -> Reader:
        """A new reader, of nothing yet; `leave` has to follow.

        Raises:
            TooManyWatchers
        """
        if len(self._readers) >= self._most:
            raise TooManyWatchers
        reader = Reader(self.source.clock.now_ms)
        self._readers.add(reader)
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
        self._readers.discard(reader)
        for what, channel in list(self._channels.items()):
            if reader in channel.readers:
                channel.leave(reader)
                if not channel.readers:
                    del self._channels[what]

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(_TEND_S)
            for reader in self._readers:
                reader.keep_awake()
