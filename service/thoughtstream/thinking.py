"""Thinking: the part of `Mind` that connects, and writes thoughts. It needs none of memory's."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Self

from thoughtstream import config, keys
from thoughtstream.arguments import Connecting, mind_name
from thoughtstream.attending import attending, warn_if_nobody_attends
from thoughtstream.attention.models import NewThought
from thoughtstream.attention.windows import Windows
from thoughtstream.config import Settings
from thoughtstream.errors import InvalidThought
from thoughtstream.home.home import url_of
from thoughtstream.keys import Kind
from thoughtstream.store.client import Client
from thoughtstream.store.connection import open_client
from thoughtstream.tracing.choosing import traces


class Thinking:
    """One mind, as whoever has thoughts for it needs it."""

    def __init__(self, name: str, redis: Client, settings: Settings) -> None:
        try:
            keys.LEDGER.key(mind=name)
        except ValueError as error:
            raise InvalidThought(str(error)) from None
        self.name = name
        self._redis = redis
        self._settings = settings
        self._traces = traces(settings.traces)
        most_bytes = settings.streams.max_thought_bytes
        self._windows = Windows(redis, name, most_bytes, self._traces)
        self._window_names: tuple[str, ...] = keys.STANDARD_WINDOWS
        self._may_warn = True

    @classmethod
    def connect(
        cls,
        name: str = "default",
        url: str | None = None,
        *,
        attend: bool = False,
        settings: Settings | None = None,
    ) -> AbstractAsyncContextManager[Self]:
        """A mind at `url`, else at the settings' URL, else in the home's embedded Redis, to be used
        with `async with`.

        `attend`: this program is a service, too, for as long: it attends the minds of that Redis,
        and shares them with services that are there or come. Without it, and without any service,
        a mind warns once (`NoService`).

        Raises:
            InvalidThought: the name is none. ConfigError: a setting is wrong. RedisUnavailable:
            nothing answers there. NotConnected: the `async with` is missing.
        """
        try:
            return Connecting(cls._connected(mind_name(name), url, attend, settings))
        except ValueError as error:
            raise InvalidThought(str(error)) from None

    @classmethod
    @asynccontextmanager
    async def _connected(
        cls, name: str, url: str | None, attend: bool, settings: Settings | None
    ) -> AsyncIterator[Self]:
        settings = settings or config.load()
        address = url or settings.redis.url or url_of(settings.home)
        redis = await open_client(settings.redis, address, waits=True)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(redis.aclose)
            mind = cls(name, redis, settings)
            if attend:
                await stack.enter_async_context(attending(settings, address))
                mind._may_warn = False
            yield mind

    async def think(
        self,
        /,
        content: str,
        *,
        window: str = keys.STANDARD_WINDOWS[0],
        salience: float = 0.5,
        connection_relevance: float = 0.0,
        kind: Kind | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> str:
        """Write one thought to a window (XADD); returns its id, `<ms>-<seq>@<window>`.

        Other fields: valence (-1..1), arousal, importance, novelty (0..1), source, or any name of
        your own (kept as text). What is asked for again with the same `idempotency_key` within a
        day is the same thought, and returns its id.

        Raises:
            InvalidThought: a field is wrong, or it is larger than `streams.max_thought_bytes`;
            nothing was written.
            KeyReused: the key was another thought's; nothing was written.
            MemoryFull: Redis takes no new thoughts. RedisUnavailable: it does not answer.
        """
        thought = NewThought.of(
            content,
            window=window,
            salience=salience,
            connection_relevance=connection_relevance,
            kind=kind,
            **fields,
        )
        if idempotency_key is None:
            return (await self.feed([thought]))[0]
        written = await self._windows.write_once(thought, idempotency_key)
        self._has([window])
        await self._warn_once()
        return written

    async def feed(self, thoughts: Iterable[NewThought]) -> list[str]:
        """Write thoughts in pipelined batches, in order; returns their ids.

        Raises: as `think`; `MemoryFull.accepted` says how many were written before.
        """
        written = await self._windows.write(thoughts)
        self._has({keys.decode_name(id_.partition("@")[2]) for id_ in written})
        await self._warn_once()
        return written

    async def _warn_once(self) -> None:
        if self._may_warn:
            self._may_warn = False
            await warn_if_nobody_attends(self._redis)

    def _has(self, windows: Iterable[str]) -> None:
        """It has these windows, too."""
        new = set(windows).difference(self._window_names)
        if new:
            others = new.union(self._window_names).difference(keys.STANDARD_WINDOWS)
            self._window_names = (*keys.STANDARD_WINDOWS, *sorted(others))
