"""Memories get their vectors in the background, in every mind that a service serves."""

import asyncio
from functools import lru_cache

import structlog

from thoughtstream.config import Settings
from thoughtstream.faults import Faults
from thoughtstream.memory.embedder import EmbedderFailed, Meaning, chosen, meaning_of
from thoughtstream.memory.streams import Streams
from thoughtstream.store.client import Client

_MOST_MINDS = 256
_RETRY_S = 30.0

log = structlog.get_logger()


class Embedding:
    """Embeds what was anchored, one mind after the other."""

    def __init__(self, redis: Client, settings: Settings, faults: Faults | None = None) -> None:
        """Raises: ConfigError: the embedder of the settings can't be used."""
        self._name = settings.memory.embedder
        chosen(self._name)
        self._faults = faults or Faults()
        self._due: dict[str, None] = {}
        self._news = asyncio.Event()
        self._meaning = lru_cache(_MOST_MINDS)(
            lambda mind: meaning_of(redis, mind, Streams(redis, mind), self._name)
        )

    def due(self, mind: str) -> None:
        """A mind is served from now on, or has new memories."""
        if self._name is not None:
            self._due[mind] = None
            self._news.set()

    async def run(self) -> None:
        """Run until cancelled; returns at once without an embedder.

        Raises:
            redis ConnectionError, TimeoutError: Redis was lost; run it again once it is back.
        """
        while self._name is not None:
            await self._news.wait()
            self._news.clear()
            due, self._due = self._due, {}
            try:
                await self._complete(due)
            finally:  # what it did not come to, since Redis was lost
                self._due |= due
            if due:
                await asyncio.sleep(_RETRY_S)
                self._news.set()

    async def _complete(self, due: dict[str, None]) -> None:
        """Takes those out that it could complete."""
        for mind in tuple(due):
            if self._faults.rests(mind, "embedding"):
                continue
            with self._faults.alone(mind, "embedding"):
                try:
                    await self._complete_one(mind)
                except EmbedderFailed as error:  # of all minds
                    log.warning("embedding.failed", mind=mind, error=str(error))
                    continue
                del due[mind]

    async def _complete_one(self, mind: str) -> None:
        meaning: Meaning | None = self._meaning(mind)
        made = await meaning.complete() if meaning else 0
        if made:
            log.info("mind.embedded", mind=mind, memories=made)
