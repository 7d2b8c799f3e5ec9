"""Readers of an event stream, in a process of their own: they count and do nothing else.
Usage: python -m tests.bench.crowd PORT READERS DEAF, with the request on the first line, as JSON

Of the readers so many are deaf: they never read. Each further line is answered with one: `count`
with the states and the events that came; `vanish N` with how many are left, after so many have gone
without a word. At the end of its input all go.
"""

import asyncio
import json
import os
import socket
import sys
from typing import cast

import uvloop

_STATE, _EVENT = b"\nevent: state\n", b"\nevent: "
_NICE = 10
"""Readers are elsewhere; here they would take the machine from what is measured."""


class Crowd:
    """The readers that are there."""

    def __init__(self) -> None:
        self.states, self.events = 0, 0
        self.transports: list[asyncio.Transport] = []

    async def come(self, port: int, request: bytes, deaf: int, readers: int) -> None:
        """All of them, one after another: none has to wait for a place in a queue."""
        loop = asyncio.get_running_loop()
        for number in range(readers):
            connection = socket.create_connection(("127.0.0.1", port))
            if number < deaf:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.setblocking(False)
            transport, _ = await loop.create_connection(lambda: Counting(self), sock=connection)
            if number < deaf:
                transport.pause_reading()
            self.transports.append(transport)
            transport.write(request)

    def vanish(self, readers: int) -> int:
        """The last that came go."""
        for transport in self.transports[-readers:]:
            transport.abort()
        del self.transports[-readers:]
        return len(self.transports)


class Counting(asyncio.Protocol):
    """One reader."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd

    def data_received(self, data: bytes) -> None:
        """The little that is cut in two isn't worth looking for."""
        self._crowd.states += data.count(_STATE)
        self._crowd.events += data.count(_EVENT)


async def read(port: int, readers: int, deaf: int) -> None:
    """Come, and do what is said."""
    crowd, said = Crowd(), asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(said), sys.stdin
    )
    request = cast(str, json.loads(await said.readline()))
    await crowd.come(port, request.encode(), deaf, readers)
    _answer(readers)
    while line := (await said.readline()).split():
        if line[0] == b"vanish":
            _answer(crowd.vanish(int(line[1])))
        else:
            _answer(crowd.states, crowd.events)
    crowd.vanish(readers)


def _answer(*numbers: int) -> None:
    sys.stdout.write(" ".join(map(str, numbers)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.nice(_NICE)
    uvloop.run(read(*map(int, sys.argv[1:])))
