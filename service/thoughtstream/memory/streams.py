"""The memory streams of one mind, as recall reads them: they are the truth, an index never is."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from thoughtstream import keys
from thoughtstream.memory.models import Location
from thoughtstream.store.client import Client
from thoughtstream.store.functions import Library

LIBRARY = Library(Path(__file__).parent / "lua" / "recall.lua")

BATCH = 500
"""How many entries are read at once."""

Fields = dict[str, str]


@dataclass(frozen=True)
class Head:
    """By what a stream is known to have changed, and how: its length, its oldest and its newest
    entry, how many were ever added; and how many members its timeline has.
    """

    length: int
    first: str | None
    last: str | None
    added: int
    members: int

    def can_grow_to(self, other: "Head") -> bool:
        """Whether entries were added, and nothing else happened."""
        grown = other.length - self.length
        return (
            self.last is not None
            and self.first == other.first
            and 0 < grown == other.added - self.added == other.members - self.members
            and other.members == other.length
        )

    def grown(self, entries: Sequence[str]) -> "Head":
        """With these entries added."""
        more = len(entries)
        last = entries[-1] if entries else self.last
        return Head(self.length + more, self.first, last, self.added + more, self.members + more)


class Streams:
    """The streams `memory:{<mind>}:<kind>` of one mind."""

    def __init__(self, redis: Client, mind: str) -> None:
        self._redis = redis
        self.known: dict[str, Head] = {}
        """The heads, as they were last."""
        self._keys = {kind: family.key(mind=mind) for kind, family in keys.MEMORIES.items()}
        self._items = keys.ITEM.key(mind=mind, id="_")[:-1]
        self._ledger = keys.LEDGER.key(mind=mind)
        self._timelines = [keys.TIMELINE.key(mind=mind, kind=kind) for kind in keys.MEMORIES]

    async def heads(self) -> dict[str, Head]:
        """The head of each kind."""
        where = [*self._keys.values(), *self._timelines]
        answers = await LIBRARY.call(self._redis, "recall_heads_1", where, (), read_only=True)
        self.known = {kind: Head(*one) for kind, one in zip(self._keys, answers, strict=True)}
        return self.known

    async def erasures(self) -> int:
        """How often its owner has erased something, modulo 2^31."""
        found: Any = await self._redis.hget(self._ledger, "erasures")
        return int(found or 0) % (1 << 31)

    async def since(self, kind: str, entry: str | None) -> list[tuple[Location, Fields]]:
        """At most `BATCH` entries of a kind, starting with this one (None: with the first)."""
        answer: Any = await self._redis.xrange(self._keys[kind], min=entry or "-", count=BATCH)
        return [(Location(kind, found), fields or {}) for found, fields in answer]

    async def every(self, kind: str) -> AsyncIterator[tuple[Location, Fields]]:
        """All entries of a kind, in order."""
        last: str | None = None
        while True:
            found = [one for one in await self.since(kind, last) if one[0].entry != last]
            for one in found:
                yield one
            if not found:
                return
            last = found[-1][0].entry

    async def read(self, locations: Collection[Location]) -> dict[Location, Fields]:
        """The memories at these locations that are still there."""
        answers = await self._each(locations, "recall_read_1")
        return {
            location: dict(zip(flat[::2], flat[1::2], strict=True))
            for location, flat in answers.items()
        }

    async def sketches(self, locations: Collection[Location]) -> dict[Location, str]:
        """What items have of the memories at these locations, where they have it."""
        return await self._each(locations, "recall_sketches_1", self._items)

    async def described(self, items: Sequence[str]) -> dict[str, tuple[Location, str]]:
        """Of the keys of items: which memory each is, and its sketch, if it has one."""
        read = partial(LIBRARY.call, self._redis, "recall_described_1", read_only=True)
        found: dict[str, tuple[Location, str]] = {}
        for begin in range(0, len(items), BATCH):
            some = items[begin : begin + BATCH]
            for item, (kind, entry, sketch) in zip(some, await read(some, ()), strict=True):
                if kind in self._keys and entry:
                    found[item] = Location(kind, entry), sketch or ""
        return found

    async def _each(
        self, locations: Collection[Location], function: str, *before: str
    ) -> dict[Location, Any]:
        """The answers of a Function to these locations, but for those that are none."""
        number = {kind: at for at, kind in enumerate(self._keys, 1)}
        asked = list(locations)
        found: dict[Location, Any] = {}
        for begin in range(0, len(asked), BATCH):
            some = asked[begin : begin + BATCH]
            pairs = [part for one in some for part in (number[one.kind], one.entry)]
            streams, args = list(self._keys.values()), [*before, *pairs]
            answers = await LIBRARY.call(self._redis, function, streams, args, read_only=True)
            found |= {
                location: answer
                for location, answer in zip(some, answers, strict=True)
                if answer is not None
            }
        return found
