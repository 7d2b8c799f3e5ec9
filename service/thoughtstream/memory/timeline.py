"""The memories of a mind in the order in which they were said.

A stream has them in the order in which they were encoded, and thoughts that were written at once
reach memory by salience. So the engine writes each memory's place in time into a sorted set, too,
and recall's neighbours are those next to it there. The streams are the truth: where a sorted set
has not as many members as its stream has entries (memories of an older version, entries removed
by hand), it is made anew.
"""

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import structlog
from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.memory.models import Location
from thoughtstream.memory.streams import BATCH, Fields, Streams
from thoughtstream.store.client import Client

_ID = re.compile(r"(\d{1,20})-(\d{1,20})@(.*)", re.ASCII | re.DOTALL)
_AT = re.compile(r"\d{1,18}", re.ASCII)
_TRY_AGAIN_S = 60.0

log = structlog.get_logger()


def place_in_time(location: Location, fields: Fields) -> str:
    """Sorts memories by when they were said: `at` (ms since the epoch), else the id; equals by
    their id. Each window has ids of its own, so what was encoded in the millisecond it was said
    stands as in the stream. As in memories.lua.
    """
    match = _ID.fullmatch(fields.get("id", ""))
    entry_ms, entry_seq = location.entry.split("-")
    if match is None or match[1] == entry_ms:
        ms, seq, window = entry_ms, entry_seq, ""
    else:
        ms, seq, window = match.groups()
    at = fields.get("at", "")
    said = at if _AT.fullmatch(at) else ms
    return f"{said:0>20} {ms:0>20}-{seq:0>20}@{window} {location.entry}"


@dataclass
class Surroundings:
    """Some memories and their neighbours: the fields of each, and stretches without a gap."""

    fields: dict[Location, Fields] = field(default_factory=dict)
    stretches: list[list[Location]] = field(default_factory=list)


class Timeline:
    """The sorted sets `memory:{<mind>}:timeline:<kind>` of one mind."""

    def __init__(self, redis: Client, mind: str, streams: Streams) -> None:
        self._redis = redis
        self._streams = streams
        self._keys = {kind: keys.TIMELINE.key(mind=mind, kind=kind) for kind in keys.MEMORIES}
        self._heal_at = 0.0

    async def around(self, locations: Sequence[Location], reach: int) -> Surroundings:
        """The memories at these locations, if they are still there, with `reach` neighbours on
        either side.
        """
        await self._complete()
        fields = await self._streams.read(locations)
        beside = await self._beside(fields, reach)
        fields |= await self._streams.read(
            {location for run in beside for location in run} - fields.keys()
        )
        runs = [[location for location in run if location in fields] for run in beside]
        return Surroundings(fields, _joined(fields, runs))

    async def _beside(self, found: dict[Location, Fields], reach: int) -> list[list[Location]]:
        """Each of these with its neighbours, in order."""
        if not reach:
            return [[location] for location in found]
        pipe = self._redis.pipeline(transaction=False)
        for location, fields in found.items():
            here, key = f"({place_in_time(location, fields)}", self._keys[location.kind]
            pipe.zrevrangebylex(key, here, "-", start=0, num=reach)
            pipe.zrangebylex(key, here, "+", start=0, num=reach)
        answers: Any = await pipe.execute() if found else []
        return [
            [
                *(Location(location.kind, _entry(member)) for member in reversed(before)),
                location,
                *(Location(location.kind, _entry(member)) for member in after),
            ]
            for location, before, after in zip(found, answers[::2], answers[1::2], strict=True)
        ]

    # --- the streams are the truth -----------------------------------------------------------
    async def _complete(self) -> None:
        """Make anew what has not as many members as its stream has entries."""
        if time.monotonic() < self._heal_at:
            return
        counts = await self._streams.counts()
        pipe = self._redis.pipeline(transaction=False)
        for key in self._keys.values():
            pipe.zcard(key)
        for kind, members in zip(self._keys, await pipe.execute(), strict=True):
            if members != counts[kind]:
                try:
                    await self._make(kind)
                except ResponseError as error:  # may not write, or Redis is full
                    log.warning("recall.timeline_incomplete", kind=kind, why=str(error))
                    self._heal_at = time.monotonic() + _TRY_AGAIN_S

    async def _make(self, kind: str) -> None:
        """What was a member before the stream was read and is not in it has left it."""
        key = self._keys[kind]
        members: Any = await self._redis.zrange(key, 0, -1)
        stale: set[str] = set(members)
        last: str | None = None
        while True:
            found = await self._streams.since(kind, last)
            there = {place_in_time(*memory) for memory in found if memory[0].entry != last}
            if not there:
                break
            if there - stale:
                await self._redis.zadd(key, dict.fromkeys(there - stale, 0))
            stale -= there
            last = found[-1][0].entry
        for some in _some(sorted(stale)):
            await self._redis.zrem(key, *some)


def _some(members: Sequence[str]) -> Iterable[Sequence[str]]:
    return (members[at : at + BATCH] for at in range(0, len(members), BATCH))


def _entry(member: str) -> str:
    return member.rpartition(" ")[2]


def _joined(
    fields: dict[Location, Fields], runs: Iterable[Sequence[Location]]
) -> list[list[Location]]:
    """Overlapping runs of neighbours as stretches."""
    neighbours = {pair for run in runs for pair in pairwise(run)}
    stretches: list[list[Location]] = []
    for location in sorted(fields, key=lambda one: (one.kind, place_in_time(one, fields[one]))):
        if stretches and (stretches[-1][-1], location) in neighbours:
            stretches[-1].append(location)
        else:
            stretches.append([location])
    return stretches
