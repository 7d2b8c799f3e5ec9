"""The memory streams of one mind, as recall reads them: they are the truth, an index never is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
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


@dataclass
class Surroundings:
    """Some memories and their neighbours: the fields of each, and stretches without a gap."""

    fields: dict[Location, Fields] = field(default_factory=dict)
    stretches: list[list[Location]] = field(default_factory=list)


class Streams:
    """The streams `memory:{<mind>}:<kind>` of one mind."""

    def __init__(self, redis: Client, mind: str) -> None:
        self._redis = redis
        self._keys = {kind: family.key(mind=mind) for kind, family in keys.MEMORIES.items()}

    async def count(self) -> int:
        """How many memories the mind has."""
        pipe = self._redis.pipeline(transaction=False)
        for key in self._keys.values():
            pipe.xlen(key)
        return sum(await pipe.execute())

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

    async def around(self, locations: Sequence[Location], reach: int) -> Surroundings:
        """The memories at these locations, if they are still there, with `reach` neighbours on
        either side.
        """
        pipe = self._redis.pipeline(transaction=False)
        for location in locations:
            key = self._keys[location.kind]
            pipe.xrevrange(key, max=location.entry, count=reach + 1)
            pipe.xrange(key, min=f"({location.entry}", count=reach)
        answers: Any = await pipe.execute()
        found = Surroundings()
        runs = []
        for location, before, after in zip(locations, answers[::2], answers[1::2], strict=True):
            entries = [*reversed(before), *after]
            runs.append([Location(location.kind, entry) for entry, _ in entries])
            found.fields.update(zip(runs[-1], (fields or {} for _, fields in entries), strict=True))
        found.stretches = _joined(found.fields, runs)
        return found


def _joined(
    locations: Iterable[Location], runs: Iterable[Sequence[Location]]
) -> list[list[Location]]:
    """Overlapping runs of neighbours as stretches."""
    neighbours = {pair for run in runs for pair in pairwise(run)}
    stretches: list[list[Location]] = []
    for location in sorted(locations, key=lambda location: (location.kind, location.order)):
        if stretches and (stretches[-1][-1], location) in neighbours:
            stretches[-1].append(location)
        else:
            stretches.append([location])
    return stretches
