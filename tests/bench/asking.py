"""A client that sends the same requests again and again over connections that it keeps, in turns.
Usage: python -m tests.bench.asking PORT CONNECTIONS SECONDS < requests, as JSON lines

It prints, as JSON, each request's status, how often it was answered, and the median time (µs).
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import uvloop


@dataclass
class Asked:
    """What became of one request. `took`: seconds each."""

    request: bytes
    status: int = 0
    took: list[float] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """Asks anew as soon as it is answered."""

    def __init__(self, all_: Sequence[Asked], first: int) -> None:
        self._all = all_
        self._turn = first
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """A part of an answer; ask again when it is whole."""
        self._came += data
        head, is_headed, body = self._came.partition(b"\r\n\r\n")
        if not is_headed:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        asked = self._all[self._turn]
        asked.took.append(time.perf_counter() - self._began)
        asked.status = int(head[9:12])
        self._came = b""
        self._turn = (self._turn + 1) % len(self._all)
        self._ask()

    def _ask(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(self._all[self._turn].request)


async def ask(port: int, connections: int, seconds: float, asked: Sequence[Asked]) -> None:
    """Ask for so long."""
    loop, transports = asyncio.get_running_loop(), []
    for number in range(connections):
        asking = partial(Connection, asked, number % len(asked))
        transport, _ = await loop.create_connection(asking, "127.0.0.1", port)
        transports.append(transport)
    await asyncio.sleep(seconds)
    for transport in transports:
        transport.abort()


def main() -> None:
    """Ask, and print what was answered."""
    port, connections, seconds = sys.argv[1:]
    asked = [Asked(json.loads(line).encode()) for line in sys.stdin]
    uvloop.run(ask(int(port), int(connections), float(seconds), asked))
    said = [
        {
            "status": one.status,
            "answers": len(one.took),
            "us": statistics.median(one.took) * 1e6,
        }
        for one in asked
    ]
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
