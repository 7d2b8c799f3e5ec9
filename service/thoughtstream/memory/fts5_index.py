"""The index for every server: SQLite's FTS5 in the service's home, read from the memory streams.

It catches up at each search, so it needs no process of its own and never lags behind. It is
discarded and rebuilt when the streams turn out not to be those it was built from.
"""

import asyncio
import hashlib
import sqlite3
import weakref
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar, ParamSpec, TypeVar

import structlog

from thoughtstream.language.words import Query, indexed
from thoughtstream.memory import fts5_file
from thoughtstream.memory.fts5_file import NOTHING, Fts5File, Mark, Row, is_corrupt
from thoughtstream.memory.index import Proposal, Wanted
from thoughtstream.memory.models import Location, order
from thoughtstream.memory.streams import Fields, Head, Streams
from thoughtstream.memory.traits import trait_of
from thoughtstream.store.client import Client

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger()


class Fts5Index:
    """The index of one mind: a file in `<home>/index`, or in memory if no file can be used."""

    name: ClassVar[str] = "FTS5"

    def __init__(self, redis: Client, mind: str, home: Path, streams: Streams) -> None:
        self._streams = streams
        self._path: Path | None = _path(redis, mind, home)
        self._file: Fts5File | None = None
        self._close: Callable[[], object] = _nothing
        self._caught_up: dict[str, Head] | None = None
        self._lock = asyncio.Lock()

    async def frequency(self, query: Query) -> dict[str, int]:
        """How many memories have each stem of the query."""
        return await self._ask(lambda file, read: file.count(query, read))

    async def propose(self, wanted: Wanted) -> Proposal:
        """The memories that are wanted."""
        return await self._ask(lambda file, read: file.find(wanted, read))

    async def sketches(self, locations: Collection[Location]) -> Mapping[Location, str]:
        """Of those memories that it has."""
        return await self._ask(lambda file, read: file.sketches(locations, read))

    async def scrub(self) -> None:
        """Something was erased: see to it at once that no byte of it is left in the file, if there
        is one.
        """

        async def scrub(file: Fts5File) -> None:
            self._caught_up = None
            await self._catch_up(file)

        if self._file is not None or (self._path is not None and self._path.exists()):
            await self._with_file(scrub)

    async def _ask(self, question: Callable[[Fts5File, dict[str, Mark]], T | None]) -> T:
        async def ask(file: Fts5File) -> T:
            while True:
                read = await self._catch_up(file)
                answer = await _in_thread(question, file, read)
                if answer is not None:
                    return answer
                self._caught_up = None
                await self._streams.heads()

        return await self._with_file(ask)

    # --- catching up -------------------------------------------------------------------------
    async def _catch_up(self, file: Fts5File) -> dict[str, Mark]:
        """Read what is new; returns how far each kind has been read: nothing, if nothing is new."""
        heads = self._streams.known or await self._streams.heads()
        if heads == self._caught_up:
            return {}
        erasures = await self._streams.erasures()
        is_scrubbed = await _in_thread(file.erasures) == erasures
        if not is_scrubbed:  # what has been erased by now is gone from these
            heads = await self._streams.heads()
        marks = await _in_thread(file.marks)
        read = {
            kind: await self._read(file, kind, head, marks.get(kind, NOTHING))
            for kind, head in heads.items()
        }
        if not is_scrubbed:
            await _in_thread(file.scrub, erasures)
        self._caught_up = heads
        return read

    async def _read(self, file: Fts5File, kind: str, head: Head, mark: Mark) -> Mark:
        """Read what comes after the last entry that was read. If that is no longer there, this may
        be another stream (flushed, restored), and all of it is read again.
        """
        if mark.first and head.first and order(mark.first) < order(head.first):
            await _in_thread(file.trim, kind, head.first)
        while mark.last != head.last:
            batch = await self._streams.since(kind, mark.last)
            rows = await _in_thread(_rows, [one for one in batch if one[0].entry != mark.last])
            if mark.last and len(rows) == len(batch):
                await _in_thread(file.clear, kind, mark.last)
            elif rows:
                await _in_thread(file.add, kind, mark.last, rows)
            else:
                break
            mark = (await _in_thread(file.marks)).get(kind, NOTHING)
        if await _in_thread(file.size, kind) > head.length:
            there = {one.entry async for one, _ in self._streams.every(kind)}
            await _in_thread(file.retain, kind, there, mark.last)
        return mark

    # --- the file ----------------------------------------------------------------------------
    async def _with_file(self, work: Callable[[Fts5File], Awaitable[T]]) -> T:
        async with self._lock:
            for last_attempt in (False, True):
                if self._path is None:
                    break
                try:
                    return await self._on_disk(self._path, work)
                except (sqlite3.Error, OSError) as error:
                    log.warning("recall.index_failed", path=str(self._path), error=str(error))
                    if last_attempt:
                        self._path = None
            if self._file is None:
                self._opened(Fts5File())
            assert self._file is not None
            return await work(self._file)

    async def _on_disk(self, path: Path, work: Callable[[Fts5File], Awaitable[T]]) -> T:
        """It stays open until somebody else changes the file."""
        if self._file is not None and not self._file.is_settled():
            self._closed()
        if self._file is None:
            self._opened(await _in_thread(Fts5File, path))
        file = self._file
        assert file is not None
        try:
            answer = await work(file)
        except BaseException as error:
            if is_corrupt(error):
                await _in_thread(file.discard)
            self._closed()
            raise
        file.settle()
        return answer

    def _opened(self, file: Fts5File) -> None:
        self._file = file
        self._close = weakref.finalize(self, file.close)

    def _closed(self) -> None:
        self._close()
        self._file, self._close, self._caught_up = None, _nothing, None


def _nothing() -> None:
    pass


def _rows(found: list[tuple[Location, Fields]]) -> list[Row]:
    return [_row(*one) for one in found]


def _row(location: Location, fields: Fields) -> Row:
    said = indexed(fields.get("content", ""))
    trait = trait_of(location, fields)
    return Row(location.entry, trait.said_at, fields.get("window", ""), said, trait.sketch)


async def _in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do it in a thread and return only when it is done, even if cancelled: one thread at a time
    may use a file.
    """
    future = asyncio.get_running_loop().run_in_executor(None, partial(work, *args, **kwargs))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise


def remove(redis: Client, mind: str, home: Path) -> None:
    """Remove the file of a mind that is gone."""
    fts5_file.remove(_path(redis, mind, home))


def _path(redis: Client, mind: str, home: Path) -> Path:
    """The file: one per server and mind."""
    both = f"{redis.identity}\0{mind}".encode(errors="surrogateescape")
    return home / "index" / f"{hashlib.sha256(both).hexdigest()[:32]}.db"
