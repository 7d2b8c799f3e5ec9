"""Exporting a mind: all that it remembers, has forgotten and has merged, as lines of JSON.

It is read a page at a time. What competes or is in its intervention window is not in it: that is
memory in seconds, or never. What changes meanwhile is in it as it was before or after, or (a memory
that moved) as both.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from thoughtstream import keys
from thoughtstream.memory.archive import LEFT, Kept, Left, Writing
from thoughtstream.memory.models import Location
from thoughtstream.memory.streams import Fields, Streams
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

PAGE = 200
"""How many are read at once."""

OF_THE_ENTRY = ("kind", "entry", "words", "as_ranked")
"""What an item has of its stream entry, and what is derived."""


async def export(redis: Client, mind: str) -> AsyncIterator[str]:
    """The lines of an export; see `archive`."""
    writing, streams = Writing(), Streams(redis, mind)
    ledger = keys.LEDGER.key(mind=mind)
    with typed_errors():
        counts = {kind: head.length for kind, head in (await streams.heads()).items()}
        for name, family in LEFT.items():
            counts[name] = int(await redis.xlen(family.key(mind=mind)))
        taken_at = await redis.clock_ms(ledger)
    yield writing.header(mind, taken_at, counts)
    for kind, family in keys.MEMORIES.items():
        async for page in _pages(redis, family.key(mind=mind)):
            for memory in await _memories(redis, mind, kind, page):
                yield writing.record(memory)
    for name, family in LEFT.items():
        async for page in _pages(redis, family.key(mind=mind)):
            for entry, fields in page:
                yield writing.record(Left(name, entry, fields))
    with typed_errors():
        counted: Any = await redis.hgetall(ledger)
    yield writing.ledger(counted)
    yield writing.end()


async def _pages(redis: Client, stream: str) -> AsyncIterator[list[tuple[str, Fields]]]:
    """The entries of a stream, a page at a time."""
    start = "-"
    while True:
        with typed_errors():
            page: Any = await redis.xrange(stream, start, "+", count=PAGE)
        if not page:
            return
        yield page
        start = f"({page[-1][0]}"


async def _memories(
    redis: Client, mind: str, kind: str, page: Sequence[tuple[str, Fields]]
) -> list[Kept]:
    prefix = keys.ITEM.key(mind=mind, id="_")[:-1]
    pipe: Any = redis.pipeline(transaction=False)
    for _, fields in page:
        pipe.hgetall(prefix + fields.get("id", ""))
    with typed_errors():
        items = await pipe.execute()
    found = [
        (Location(kind, entry), fields, item)
        for (entry, fields), item in zip(page, items, strict=True)
    ]
    return [Kept(*location, fields, _own(fields, item)) for location, fields, item in found]


def _own(fields: Fields, item: Fields) -> Fields:
    """What only the item has."""
    return {
        name: value
        for name, value in item.items()
        if name not in fields and name not in OF_THE_ENTRY
    }
