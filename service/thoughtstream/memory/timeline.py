"""The memories of a mind in the order in which they were said.

A stream has them in the order in which they were encoded, and thoughts that were written at once
reach memory by salience. So the engine writes each memory's place in time into a sorted set, too,
and recall's neighbours are those next to it there. The streams are the truth: where a sorted set
has not as many members as its stream has entries (memories of an older version, entries removed
by hand), it is made anew.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.memory.models import Location
from thoughtstream.memory.streams import BATCH, Fields, Head, Streams
from thoughtstream.store.client import Client

_ID = re.compile(r"(\d{1,20})-(\d{1,20})@(.*)", re.ASCII | re.DOTALL)
_AT = re.compile(r"\d{1,18}", re.ASCII)

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


class Timeline:
    """The sorted sets `memory:{<mind>}:timeline:<kind>` of one mind."""

    def __init__(self, redis: Client, mind: str, streams: Streams) -> None:
        self._redis = redis
        self._streams = streams
        self._keys = {kind: keys.TIMELINE.key(mind=mind, kind=kind) for kind in keys.MEMORIES}

    async def members(self, kind: str, head: Head) -> list[str]:
        """The places of all memories of a kind, in order. Made anew where the sorted set has not as
        many members as the stream has entries.
        """
        if head.members != head.length:
            return await self._make(kind)
        found: Any = await self._redis.zrange(self._keys[kind], 0, -1)
        return list(found)

    async def _make(self, kind: str) -> list[str]:
        """What was a member before the stream was read and is not in it has left it."""
        key = self._keys[kind]
        members: Any = await self._redis.zrange(key, 0, -1)
        there = {place_in_time(*memory) async for memory in self._streams.every(kind)}
        before = set(members)
        try:
            for some in _some(sorted(there - before)):
                await self._redis.zadd(key, dict.fromkeys(some, 0))
            for some in _some(sorted(before - there)):
                await self._redis.zrem(key, *some)
        except ResponseError as error:  # may not write, or Redis is full
            log.warning("recall.timeline_incomplete", kind=kind, why=str(error))
        return sorted(there)


def _some(members: Sequence[str]) -> Iterable[Sequence[str]]:
    return (members[at : at + BATCH] for at in range(0, len(members), BATCH))
