"""Where pictures come from: the one client of all that is watched, connected when first needed."""

import asyncio

from thoughtstream.config import Settings
from thoughtstream.faces.engine import Engine
from thoughtstream.faces.web.watching.clock import Clock
from thoughtstream.faces.web.watching.vitals import Pulse
from thoughtstream.store.client import Client

MOST_LOOKS = 256
"""At the same time: each has a connection meanwhile."""


class Source:
    """Readers are served, and told so, also while Redis is away."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock()
        self.pulse = Pulse(settings)
        self.turns = asyncio.Semaphore(MOST_LOOKS)
        self._engine = Engine(settings)
        self._stopping = set[asyncio.Task[None]]()

    async def redis(self) -> Client:
        """The client.

        Raises:
            RedisUnavailable: nothing answers there. ConfigError: it refuses us.
        """
        return await self._engine.redis()

    def stop(self, looking: asyncio.Task[None] | None) -> None:
        """Nobody wants this look any more. It gives its connection back before all are closed."""
        if looking is not None:
            looking.cancel()
            self._stopping.add(looking)
            looking.add_done_callback(self._stopping.discard)

    async def aclose(self) -> None:
        """Disconnect, when nothing looks any more."""
        await asyncio.gather(*self._stopping, return_exceptions=True)
        await self._engine.aclose()
