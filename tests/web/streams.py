"""A reader of the event stream, of plain sockets: what is read is what a server wrote."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.web.served import Web


@dataclass(frozen=True)
class Event:
    """One event, as a browser would have it."""

    name: str
    data: Any
    id: str | None


class Stream:
    """An answer that is being read."""

    def __init__(self, reader: asyncio.StreamReader, status: int, headers: dict[str, str]) -> None:
        self.status = status
        self.headers = headers
        self.comments = 0
        self._reader = reader
        self._text = b""

    async def next(self) -> Event | None:
        """The next event; None: the server has ended the stream in good order."""
        while True:
            while b"\n\n" not in self._text:
                chunk = await self._chunk()
                if not chunk:
                    return None
                self._text += chunk
            block, self._text = self._text.split(b"\n\n", 1)
            if event := self._event(block.decode()):
                return event

    async def until(
        self, name: str, where: Callable[[Any], bool] = lambda _: True, most_s: float = 20
    ) -> Event:
        """The next event of this name of which that is so."""
        async with asyncio.timeout(most_s):
            while (event := await self.next()) is not None:
                if event.name == name and where(event.data):
                    return event
        raise EOFError(name)

    async def attended(self, number: int) -> list[Event]:
        """So many thoughts that were attended."""
        return [await self.until("attended") for _ in range(number)]

    async def _chunk(self) -> bytes:
        size = int(await self._reader.readline(), 16)
        return (await self._reader.readexactly(size + 2))[:-2]

    def _event(self, block: str) -> Event | None:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        self.comments += "" in fields
        if "event" not in fields:
            return None
        return Event(fields["event"], json.loads(fields["data"]), fields.get("id"))


@asynccontextmanager
async def reading(
    web: Web, last_event_id: str | None = None, **query: str
) -> AsyncIterator[Stream]:
    """Read events until the context ends."""
    reader, writer = await asyncio.open_connection("localhost", web.port, limit=2**24)
    try:
        writer.write(request(web, last_event_id, **query))
        status = int((await reader.readline()).split()[1])
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = dict(line.lower().split(": ", 1) for line in lines if line)
        yield Stream(reader, status, headers)
    finally:
        writer.transport.abort()


def request(web: Web, last_event_id: str | None = None, **query: str) -> bytes:
    """What a reader sends."""
    resumed = f"Last-Event-ID: {last_event_id}\r\n" if last_event_id else ""
    return (
        f"GET /v1/events?{urlencode(query)} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {web.token}\r\n{resumed}\r\n"
    ).encode()
