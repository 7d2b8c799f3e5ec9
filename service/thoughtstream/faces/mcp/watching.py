"""Telling a client that something was attended: at most once a second for each mind."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import mcp_types as types
import structlog
from mcp.server import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated

from thoughtstream.errors import ThoughtstreamError
from thoughtstream.faces.mcp.request import Requests

EVERY_S = 1.0

log = structlog.get_logger()


class Watching:
    """What one client is told of. Clients of before 2026-07-28 subscribe, others listen."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._bus = InMemorySubscriptionBus()
        self._listening = ListenHandler(self._bus)
        self._subscribed = dict[str, tuple[ServerSession, str]]()
        self._uris = dict[str, Counter[str]]()
        self._tasks = dict[str, asyncio.Task[None]]()

    def subscribe(self, session: ServerSession, uri: str, mind: str) -> None:
        """Tell this client when the mind attends to something."""
        if uri not in self._subscribed:
            self._subscribed[uri] = session, mind
            self._watch(mind, uri)

    def unsubscribe(self, uri: str) -> None:
        """No longer."""
        if found := self._subscribed.pop(uri, None):
            self._leave(found[1], uri)

    async def listen(
        self,
        ctx: ServerRequestContext[Any, Any],
        params: types.SubscriptionsListenRequestParams,
        minds: Mapping[str, str],
    ) -> types.SubscriptionsListenResult:
        """The same for as long as the request lasts; `minds`: by the URIs that are asked for."""
        with self._watched(minds):
            return await self._listening(ctx, params)

    def close(self) -> None:
        """Watch nothing any more."""
        self._listening.close()
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    @contextmanager
    def _watched(self, minds: Mapping[str, str]) -> Iterator[None]:
        for uri, mind in minds.items():
            self._watch(mind, uri)
        try:
            yield
        finally:
            for uri, mind in minds.items():
                self._leave(mind, uri)

    def _watch(self, mind: str, uri: str) -> None:
        self._uris.setdefault(mind, Counter())[uri] += 1
        if mind not in self._tasks:
            self._tasks[mind] = asyncio.create_task(self._tell_of(mind))

    def _leave(self, mind: str, uri: str) -> None:
        left = self._uris[mind]
        left[uri] -= 1
        if not +left:
            del self._uris[mind]
            if task := self._tasks.pop(mind, None):
                task.cancel()

    async def _tell_of(self, mind: str) -> None:
        """Tell of whatever is attended; what comes within a second is told of once."""
        changed = asyncio.Event()
        following = asyncio.create_task(self._follow(mind, changed))
        try:
            while True:
                await changed.wait()
                changed.clear()
                for uri in +self._uris[mind]:
                    await self._tell(uri)
                await asyncio.sleep(EVERY_S)
        finally:
            following.cancel()

    async def _follow(self, mind: str, changed: asyncio.Event) -> None:
        request = await self._requests.of(mind)
        while True:
            try:
                async for _ in request.mind.attended():
                    changed.set()
            except ThoughtstreamError as error:
                log.warning("mcp.watching_waits", mind=mind, error=str(error))
                await asyncio.sleep(EVERY_S)
                changed.set()  # what was missed can be read

    async def _tell(self, uri: str) -> None:
        await self._bus.publish(ResourceUpdated(uri))
        if uri in self._subscribed:
            await self._subscribed[uri][0].send_resource_updated(uri)
