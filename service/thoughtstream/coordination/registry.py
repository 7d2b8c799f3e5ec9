"""The registry of a server's windows: whoever starts reads it instead of looking through all keys.

It is a projection of the windows there are: every mind has the standard ones, so the first of them
stands for all. What is announced is in it and is told to all services
that listen; where it is missing, as in a fresh or restored server, the first to notice looks
through all keys and makes it anew. Once slots have moved, a server may have several registries, and
windows that are elsewhere now: those that read them all know all.
"""

from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from thoughtstream import keys
from thoughtstream.store.census import Census
from thoughtstream.store.client import Client
from thoughtstream.store.functions import Library
from thoughtstream.store.outages import OUTAGES

LIBRARY = Library(Path(__file__).parent / "lua" / "discovery.lua")

_MOST = 64
"""So many registries may be on one server: more are not looked for."""

_PAGE = 1000


class Registry:
    """Of the windows on one server, whose client is `server` and whose name `name`."""

    def __init__(self, redis: Client, server: Redis, name: str) -> None:
        self._redis = redis
        self._server = server
        self._name = name

    async def known(self) -> AsyncIterator[list[str]]:
        """The keys in it, a page at a time; ALL_FOUND is among them where all windows are."""
        for key in await self._there():
            page: Any
            cursor = -1
            while cursor:
                cursor, page = await self._server.sscan(key, max(cursor, 0), count=_PAGE)
                yield page

    async def windows(self) -> AsyncIterator[list[str]]:
        """The keys of all windows of the server, a page at a time. Looks through all keys there."""
        page: Any
        cursor = -1
        while cursor:
            cursor, page = await self._server.scan(max(cursor, 0), keys.WINDOW.glob, _PAGE)
            yield page

    async def made_anew(self) -> AsyncIterator[list[str]]:
        """As `windows`; afterwards the registry has them all, and the census their minds: services
        of a version before note none.
        """
        census = Census(self._redis)
        async for page in self.windows():
            await self.announce(page)
            yield page
            # Of another server, it may be; and who attends a mind notes it, too.
            with suppress(*OUTAGES):
                await census.note({parts[0] for parts in map(keys.window_of, page) if parts})
        await self.announce([keys.ALL_FOUND])

    async def announce(self, window_keys: Collection[str]) -> None:
        """Those that are new in the registry are told to all services, once."""
        members = {member for key in window_keys if (member := _member_of(key))}
        if members:
            args = (keys.found_channel(self._redis.database), *members)
            await LIBRARY.call(self._redis, "discovery_announce_1", [self._own()], args)

    async def tidy(self) -> None:
        """Forget windows that are there no more."""
        async for page in self.known():
            gone = await self._missing([key for key in page if key != keys.ALL_FOUND])
            if not gone:
                continue
            for registry in await self._there():
                await self._redis.srem(registry, *gone)
            back = set(gone) - set(await self._missing(gone))
            await self.announce(back)

    async def forget(self, mind: str) -> None:
        """Forget the windows of a mind that is gone; those that are there again are announced."""
        glob = keys.WINDOW.glob_of(mind=mind)
        for registry in await self._there():
            found = [key async for key in self._server.sscan_iter(registry, glob, _PAGE)]
            if found:
                await self._redis.srem(registry, *found)
                await self.announce(set(found) - set(await self._missing(found)))

    async def probe(self, key: str) -> None:
        """Write to this stream, which is gone again at once."""
        await LIBRARY.call(self._redis, "discovery_probe_1", [key], ())

    def key_here(self, family: keys.Family, name: str) -> str:
        """A key of a family on this server, whose last part begins with the name."""
        return self._redis.key_on(self._name, lambda n: family.key(id=f"{name}-{n}"))

    async def _missing(self, members: list[str]) -> list[str]:
        pipe: Any = self._redis.pipeline(transaction=False)
        may_be = [member for member in members if keys.window_of(member)]
        for member in may_be:
            pipe.exists(*_windows_of(member))
        answers = await pipe.execute() if may_be else ()
        there = {member for member, found in zip(may_be, answers, strict=True) if found}
        return [member for member in members if member not in there]

    def _own(self) -> str:
        return self._redis.key_on(self._name, _registry)

    async def _there(self) -> list[str]:
        """The registries that the server has, as far as is known where slots are."""
        may = [_registry(n) for n in range(_MOST)]
        here = [key for key in may if self._redis.server_of(key) == self._name]
        here = list(dict.fromkeys([self._own(), *here]))
        pipe: Any = self._redis.pipeline(transaction=False)
        for key in here:
            pipe.type(key)
        types = await pipe.execute()
        return [key for key, type_ in zip(here, types, strict=True) if type_ == keys.FOUND.type]


def _member_of(key: str) -> str | None:
    """What stands for a window; None: it is none."""
    if key == keys.ALL_FOUND:
        return key
    found = keys.window_of(key)
    if found is None or found[1] not in keys.STANDARD_WINDOWS:
        return key if found else None
    return keys.WINDOW.key(mind=found[0], window=keys.STANDARD_WINDOWS[0])


def _windows_of(member: str) -> list[str]:
    """The keys for which it stands."""
    mind, window = keys.window_of(member) or ("", "")
    names = keys.STANDARD_WINDOWS if window in keys.STANDARD_WINDOWS else (window,)
    return [keys.WINDOW.key(mind=mind, window=name) for name in names]


def _registry(number: int) -> str:
    return keys.FOUND.key(part=str(number))
