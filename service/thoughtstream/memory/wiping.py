"""The steps of deleting a mind: each is one Function, under a lease; see `lua/deletion.lua`."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from thoughtstream import keys
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.memory.importing import LIBRARY
from thoughtstream.store.client import Client

LEASE_MS = 2000
_PAGE = 500
_LOOK_AGAIN_S = 0.1

_FIXED = tuple(
    family
    for family in keys.FAMILIES
    if family.pattern.count("<") == 1
    and "<mind>" in family.pattern
    and family not in (keys.DELETION, keys.SLEEP, keys.WINDOWS, keys.GUARD)
)
_DERIVED = (keys.TIMELINE, keys.VECTORS)


class BeingDeleted(ThoughtstreamError):
    """Somebody else is deleting this mind just now."""


class Wiping:
    """The deletion of one mind, from `begin` to `finish`."""

    def __init__(self, redis: Client, mind: str) -> None:
        self._redis = redis
        self._mind = mind
        self._fence = ""
        self._lease = keys.DELETION.key(mind=mind)
        self._streams = [family.key(mind=mind) for family in keys.MEMORIES.values()]
        self._guard = keys.GUARD.key(mind=mind)

    async def begin(self, windows: Sequence[str]) -> None:
        """All keys whose names are known are gone, these windows too: then it is as if there was
        no such mind.

        Raises:
            BeingDeleted: somebody else is at it, and does not die.
        """
        first = await self._begin(windows)
        while self._fence == "":
            await asyncio.sleep(_LOOK_AGAIN_S)
            until = await self._begin(windows)
            if until > first:  # renewed: whoever has it is alive
                raise BeingDeleted(f"{self._mind}: somebody else is deleting it; see what is left")

    async def _begin(self, windows: Sequence[str]) -> int:
        """When the lease of another ends; 0: it is ours."""
        mind, families = self._mind, (keys.SLEEP, keys.WINDOWS, keys.GUARD)
        own = [self._lease, *(family.key(mind=mind) for family in families)]
        named = [family.key(mind=mind) for family in _FIXED]
        prefix = keys.WINDOW.key(mind=mind, window="_")[:-1]
        sessions = keys.CONSOLIDATION.key(mind=mind, session="_")[:-1]
        where = [*own, *named, *windows, *self._derived()]
        fence, at = await LIBRARY.call(
            self._redis, "owner_wipe_1", where, (LEASE_MS, prefix, sessions)
        )
        if fence == "held":
            return int(at)
        self._fence = fence
        return 0

    async def sweep(self) -> AsyncIterator[int]:
        """Look through all keys of the mind's server for others of its keys; yields for each page
        how many went.
        """
        server = None
        while server != self._redis.server_of(self._lease):  # it may move meanwhile
            server = self._redis.server_of(self._lease)
            async with self._redis.at(server) as its:
                page: Any
                cursor = -1
                while cursor:
                    glob = keys.mind_glob(self._mind)
                    cursor, page = await its.scan(max(cursor, 0), glob, _PAGE)
                    yield await self._sweep(page)

    async def _sweep(self, page: Sequence[str]) -> int:
        families = {key: keys.family_of(key) for key in page if keys.is_of_mind(key, self._mind)}
        others = {key: f for key, f in families.items() if f and f.pattern.count("<") > 1}
        if not others:
            return await self._step("sweep", [])
        return await self._step("sweep", list(others), *(f.name for f in others.values()))

    async def finish(self) -> None:
        """All is gone: the lease is given back, and services are told."""
        told = (keys.found_channel(self._redis.database), keys.LEDGER.key(mind=self._mind))
        await self._step("finish", [*self._derived(), self._guard], *told)

    def _derived(self) -> list[str]:
        return [
            family.key(mind=self._mind, kind=kind) for family in _DERIVED for kind in keys.MEMORIES
        ]

    async def _step(self, name: str, more: Sequence[str], *args: str) -> int:
        where = [self._lease, *self._streams, *more]
        answer = await LIBRARY.call(
            self._redis, f"owner_{name}_1", where, (self._fence, LEASE_MS, *args)
        )
        if answer == "late":
            raise BeingDeleted(f"{self._mind}: somebody else went on with its deletion")
        return int(answer)
