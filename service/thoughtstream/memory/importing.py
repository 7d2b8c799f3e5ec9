"""Importing a mind from an export: what is there is skipped, ids and dates are kept.

Nothing is written before the whole file is known to be right. A step is one Function: whoever dies
in between has the import done again, which goes on where it ended.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from thoughtstream import keys
from thoughtstream.memory.archive import LEFT, Header, Kept, Left, Record, check, records
from thoughtstream.memory.exporting import OF_THE_ENTRY
from thoughtstream.memory.models import Location, Memory
from thoughtstream.memory.streams import Fields
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors
from thoughtstream.store.functions import Library

LIBRARY = Library(
    *(Path(__file__).parent / "lua" / f"{part}.lua" for part in ("owner", "deletion"))
)

_MOST, _MOST_BYTES = 100, 1 << 20
"""What one step writes."""

_FAMILIES = (keys.LEDGER, keys.RECEIVED, *LEFT.values(), *keys.MEMORIES.values(), keys.GUARD)
_UNBOUNDED = "inf"

Source = Path | str | BinaryIO
OnProgress = Callable[[int, int], None]
"""Called with how many records have been dealt with, and how many there are."""


@dataclass
class Imported:
    """What an import did. `mind`, `taken_at` (ms): whose the export is, and of when.

    `memories`, `forgotten`, `merged`: that are new here. `known`: that were here already.
    `conflicting`: the ids of memories that are here with another content; those here stay.
    `left_out`: of the forgotten, those for which the unconscious has no room.
    """

    mind: str
    taken_at: int
    memories: int = 0
    forgotten: int = 0
    merged: int = 0
    known: int = 0
    left_out: int = 0
    conflicting: list[str] = field(default_factory=list)


class Import:
    """Imports into one mind. `unconscious_maxlen`: how many forgotten thoughts it keeps."""

    def __init__(self, redis: Client, mind: str, unconscious_maxlen: int) -> None:
        self._redis = redis
        self._maxlen = unconscious_maxlen
        self._keys = [family.key(mind=mind) for family in _FAMILIES]
        self._items = keys.ITEM.key(mind=mind, id="_")[:-1]

    async def run(self, source: Source, on_progress: OnProgress | None = None) -> Imported:
        """Import from a file, by its path or open for bytes.

        Raises:
            BadExport: it is no whole export; nothing was written.
            OSError: it can't be read. MemoryFull: what comes after what was written has to wait.
        """
        with await asyncio.to_thread(_seekable, source) as file:
            header = await asyncio.to_thread(check, file)
            done = Imported(header.mind, header.taken_at)
            total, count = _total(header), 0
            for batch in _batches(records(file)):
                with typed_errors():
                    await self._write(batch, done)
                count += len(batch)
                if on_progress is not None:
                    on_progress(count, max(total, count))
        return done

    async def _write(self, batch: list[Record], done: Imported) -> None:
        memories = [_whole(one) for one in batch if isinstance(one, Kept)]
        states = await self._call("memories", memories, self._items)
        for memory, state in zip(memories, states, strict=True):
            done.memories += state == "new"
            done.known += state == "known"
            if state == "conflicting":
                done.conflicting.append(memory.fields["id"])
        for name, most in (("forgotten", self._maxlen), ("merged", _UNBOUNDED)):
            left = [one for one in batch if isinstance(one, Left) and one.stream == name]
            states = await self._call("left", left, name, most)
            new = states.count("new")
            done.forgotten += new if name == "forgotten" else 0
            done.merged += new if name == "merged" else 0
            done.known += states.count("known")
            done.left_out += states.count("no room")

    async def _call(self, what: str, some: Sequence[Record], *first: Any) -> list[str]:
        if not some:
            return []
        args = (*first, *(part for one in some for part in _flat(one)))
        name = f"owner_import_{what}_1"
        return list(await LIBRARY.call(self._redis, name, self._keys, args))


def _whole(memory: Kept) -> Kept:
    """With what every memory of ours has; one that was written past the engine has none of it."""
    read = Memory.of(Location(memory.kind, memory.entry), memory.fields)
    own = {
        "content": "",
        "attended_at": str(read.attended_at),
        "anchored_at": str(read.anchored_at),
    }
    named = {"id": memory.fields.get("id") or memory.entry}
    item = {n: v for n, v in memory.item.items() if n not in (*memory.fields, *OF_THE_ENTRY)}
    return memory._replace(fields=own | memory.fields | named, item=item)


def _flat(record: Record) -> Iterator[Any]:
    if isinstance(record, Kept):
        yield record.kind
    yield record.entry
    yield from _counted(record.fields)
    if isinstance(record, Kept):
        yield from _counted(record.item)


def _counted(fields: Fields) -> Iterator[Any]:
    yield 2 * len(fields)
    for pair in fields.items():
        yield from pair


def _batches(found: Iterable[Record]) -> Iterator[list[Record]]:
    batch, size = list[Record](), 0
    for one in found:
        batch.append(one)
        size += sum(map(len, one.fields.values()))
        if len(batch) == _MOST or size > _MOST_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _total(header: Header) -> int:
    return sum(count for count in header.counts.values() if isinstance(count, int))


def _seekable(source: Source) -> AbstractContextManager[BinaryIO]:
    """A file that can be read twice."""
    if isinstance(source, str | Path):
        return Path(source).open("rb")
    if source.seekable():
        return nullcontext(source)
    copy = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - closed by whoever opens
    shutil.copyfileobj(source, copy)
    return copy
