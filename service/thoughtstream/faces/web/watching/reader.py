"""One reader: what waits to be sent to it, and the sending."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from thoughtstream.faces.web.watching.events import KEEP_ALIVE, gap
from thoughtstream.measuring.measures import NOTHING, Measures
from thoughtstream.measuring.web import WATCHER_DROPPED

Send = Callable[[Any], Awaitable[None]]

MOST_WAITING = 256
SEND_S = 5.0
QUIET_S = 15.0
_CHUNK = 64 * 1024


class Slow(Exception):
    """A reader took nothing for too long."""


class Reader:
    """A slot for the newest state and a bounded queue for all else. `offer` and `show` never wait:
    of a reader that is slow the oldest events are dropped, and a `gap` says how many. It sends when
    it is woken: what one look found goes in one piece, not each event by itself.
    """

    def __init__(self, clock_ms: Callable[[], int], measures: Measures = NOTHING) -> None:
        self._clock_ms = clock_ms
        self._measures = measures
        self._state = b""
        self._told_before = deque[bytes]()
        self._waiting = deque[bytes]()
        self._dropped, self._dropped_since = 0, 0
        self._wake = asyncio.Event()
        self._clock = asyncio.get_running_loop().time
        self._sent_at = self._clock()
        self._ended = False

    def offer(self, told: bytes) -> None:
        """An event happened."""
        if len(self._waiting) == MOST_WAITING:
            self._waiting.popleft()
            self._dropped_since = self._dropped_since or self._clock_ms()
            self._dropped += 1
            self._measures.count(WATCHER_DROPPED)
        self._waiting.append(told)

    def show(self, state: bytes) -> None:
        """This is the state now; one that was not sent yet is of no use any more."""
        self._state = state

    def begin(self, told: Iterable[bytes]) -> None:
        """What comes before all events: it is bounded elsewhere, and none of it is dropped."""
        self._told_before.extend(told)

    def wake(self) -> None:
        """Send what waits."""
        self._wake.set()

    def keep_awake(self) -> None:
        """Say something, if nothing was said for long."""
        if not self._waiting and self._clock() - self._sent_at >= QUIET_S:
            self.offer(KEEP_ALIVE)
            self.wake()

    def end(self) -> None:
        """Send nothing further."""
        self._ended = True
        self.wake()

    async def run(self, send: Send) -> None:
        """Send what there is, until the end.

        Raises:
            Slow: it took nothing for `SEND_S`.
        """
        self.wake()
        while not self._ended:
            await self._wake.wait()
            self._wake.clear()
            while not self._ended and (body := self._take()):
                try:
                    async with asyncio.timeout(SEND_S):
                        await send({"type": "http.response.body", "body": body, "more_body": True})
                except TimeoutError:
                    raise Slow from None
                self._sent_at = self._clock()

    def _take(self) -> bytes:
        """Everything that waits, some of it at a time."""
        taken, size = list[bytes](), 0
        while size < _CHUNK and (told := self._next()):
            taken.append(told)
            size += len(told)
        return b"".join(taken)

    def _next(self) -> bytes:
        if self._told_before:
            return self._told_before.popleft()
        if self._dropped:
            told = gap(self._dropped, self._dropped_since)
            self._dropped, self._dropped_since = 0, 0
            return told
        if self._waiting:
            return self._waiting.popleft()
        state, self._state = self._state, b""
        return state
