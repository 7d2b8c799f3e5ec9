"""Something that is watched: one look for all of its readers, as long as it has any."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress

import structlog
from redis.exceptions import ResponseError

from thoughtstream.errors import RedisUnavailable, ThoughtstreamError
from thoughtstream.faces.web.watching.events import gap
from thoughtstream.faces.web.watching.reader import Reader
from thoughtstream.faces.web.watching.source import Source
from thoughtstream.faces.web.watching.troubles import EVERY, Found, Troubles, What

_LOOK_S = 1.25
"""A look that takes longer is none: Redis does not answer."""

_AWAY_CURE = "is it up? `thoughtstream up`, `thoughtstream doctor`; this reconnects by itself"

_FAULT_CURE = "`thoughtstream doctor` looks for what is foreign in its keys"

log = structlog.get_logger()


class Channel(ABC):
    """Looks every `every_s` from its first reader to its last."""

    every_s: float

    def __init__(self, source: Source) -> None:
        self._source = source
        self.readers = set[Reader]()
        self._joining = dict[Reader, str | None]()
        self._troubles = Troubles(source.clock.now_ms)
        self._joined = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._failed = False

    def join(self, reader: Reader, resume_after: str | None) -> None:
        """A reader comes; it is told everything from the next look on, which is at once.

        `resume_after`: the id of the last event that it knows.
        """
        reader.begin(self._troubles.told())
        self.readers.add(reader)
        self._joining[reader] = resume_after
        self._joined.set()
        if self._looking is None:
            self._looking = asyncio.create_task(self._run())

    def leave(self, reader: Reader) -> None:
        """A reader goes; after the last one, nothing looks any more."""
        self.readers.discard(reader)
        self._joining.pop(reader, None)
        if not self.readers:
            self._source.stop(self._looking)
            self._looking = None

    def tell(self, told: bytes) -> None:
        """An event, to all readers that are told of each."""
        for reader in self.readers:
            if reader not in self._joining:
                reader.offer(told)

    def show(self, state: bytes) -> None:
        """A state, to all readers."""
        for reader in self.readers:
            reader.show(state)

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            due = clock() + self.every_s
            self._joined.clear()
            async with self._source.turns:
                await self._try()
            for reader in self.readers:
                reader.wake()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._joined.wait()

    async def _try(self) -> None:
        """A look, and what became of it. Whatever goes wrong, the next one may go well."""
        if self._failed:
            self.begin_anew()
        try:
            async with asyncio.timeout(_LOOK_S):
                found = await self.look()
        except (RedisUnavailable, TimeoutError) as error:
            detail = str(error) or f"Redis has not answered for {_LOOK_S:g} s"
            self._say({"redis": (detail, _AWAY_CURE)}, ("redis",))
        except Exception as error:  # noqa: BLE001  # whatever it is, its readers are told and stay
            if not self._failed:
                log.error("watching.failed", error=repr(error))
            is_told = isinstance(error, ThoughtstreamError | ResponseError)
            detail = str(error) if is_told else repr(error)
            self._say({"fault": (detail, _FAULT_CURE)}, ("redis", "fault"))
            self._failed = True
        else:
            if self._failed:
                self._failed = False
                self.tell(gap(None, self._source.clock.now_ms()))
            self._say(found, EVERY)

    def _say(self, found: Found, among: tuple[What, ...]) -> None:
        for told in self._troubles.are(found, among):
            for reader in self.readers:
                reader.offer(told)

    def begin_anew(self) -> None:  # noqa: B027  # most have nothing to forget
        """The last look failed, and Redis was there: forget what it was about to look for."""

    @abstractmethod
    async def look(self) -> Found:
        """Look once, tell what is new, and return what is wrong.

        Raises:
            ThoughtstreamError: it can't be looked at just now.
        """
