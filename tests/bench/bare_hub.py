"""The least that can send one state to many readers four times a second: a baseline for
`tests.bench.watchers`. Usage: python -m tests.bench.bare_hub PORT < event
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

_EVERY_S = 0.25
_HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]


class Hub:
    """Knows nothing of what it sends."""

    def __init__(self, event: bytes) -> None:
        self._event = event
        self._ticked = asyncio.Condition()
        self._ticks = 0

    async def tick(self) -> None:
        """Send it again and again."""
        while True:
            await asyncio.sleep(_EVERY_S)
            async with self._ticked:
                self._ticks += 1
                self._ticked.notify_all()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One reader."""
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        gone = asyncio.ensure_future(_until_gone(receive))
        known = self._ticks
        try:
            while not gone.done():
                async with self._ticked:
                    while self._ticks == known:
                        await self._ticked.wait()
                    known = self._ticks
                body = {"type": "http.response.body", "body": self._event, "more_body": True}
                await asyncio.wait_for(send(body), 5)
        finally:
            gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def main() -> None:
    """Serve on loopback."""
    hub = Hub(sys.stdin.buffer.read())

    @asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        ticking = asyncio.create_task(hub.tick())
        yield
        ticking.cancel()

    app = Starlette(routes=[Route("/v1/events", hub)], lifespan=living)
    uvicorn.run(
        app, port=int(sys.argv[1]), http="httptools", loop="uvloop", access_log=False,
        log_level="error",
    )  # fmt: skip


if __name__ == "__main__":
    main()
