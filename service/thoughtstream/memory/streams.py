"""The memory streams of one mind, as recall reads them: they are the truth, an index never is."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from thoughtstream import keys
from thoughtstream.memory.models import Location
from thoughtstream.store.client import Client

BATCH = 500
"""How many entries are read at once."""

Fields = dict[str, str]


@dataclass(frozen=True)
class Extent:
    """The oldest and the newest entry of a stream; None if it is empty."""

    first: str | None
    last: str | None


class Streams:
    """The streams `memory:{<mind>}:<kind>` of one mind."""

    def __init__(self, redis: Client, mind: str) -> None:
        self._redis = redis
        self._keys = {kind: family.key(mind=mind) for kind, family in keys.MEMORIES.items()}

    async def counts(self) -> dict[str, int]:
        """How many memories of each kind the mind has."""
        pipe = self._redis.pipeline(transaction=False)
        for key in self._keys.values():
            pipe.xlen(key)
        return dict(zip(self._keys, await pipe.execute(), strict=True))

    async def extents(self) -> dict[str, Extent]:
        """The extent of each kind."""
        pipe = self._redis.pipeline(transaction=False)
        for key in self._keys.values():
            pipe.xrange(key, count=1)
            pipe.xrevrange(key, count=1)
        ends: Any = [entries[0][0] if entries else None for entries in await pipe.execute()]
        return dict(zip(self._keys, map(Extent, ends[::2], ends[1::2]), strict=True))

    async def since(self, kind: str, entry: str | None) -> list[tuple[Location, Fields]]:
        """At most `BATCH` entries of a kind, starting with this one (None: with the first)."""
        answer: Any = await self._redis.xrange(self._keys[kind], min=entry or "-", count=BATCH)
        return [(Location(kind, found), fields or {}) for found, fields in answer]

    async def read(self, locations: Collection[Location]) -> dict[Location, Fields]:
        """The memories at these locations that are still there."""
        pipe = self._redis.pipeline(transaction=False)
        for location in locations:
            pipe.xrange(self._keys[location.kind], location.entry, location.entry)
        answers: Any = await pipe.execute() if locations else []
        return {
            location: entries[0][1] or {}
            for location, entries in zip(locations, answers, strict=True)
            if entries
        }
