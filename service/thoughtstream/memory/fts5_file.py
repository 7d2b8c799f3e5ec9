"""The file of the FTS5 index: SQLite, derived from the memory streams, disposable.

Several processes may use one file at once. Whoever finds it corrupt, or of another version,
recreates it.
"""

import fcntl
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from thoughtstream.language.words import RULES, Query
from thoughtstream.memory import traits
from thoughtstream.memory.fts5_tokenizer import TOKENIZER, expression, storable
from thoughtstream.memory.index import Located, Proposal, Wanted
from thoughtstream.memory.models import Filters, Location, order

_WAIT_S = 10.0
_CACHE_KB = 16_384
"""With the usual 2 MB, many pages come from the file, again and again."""
_LENGTHS = 256
"""A memory's number modulo this is its length, in pairs of words: so it is scored by the lists of
numbers that words have, and not looked up."""
_SHORT = 40
"""Pairs of words: in a memory that is so long, a word counts half of what it would alone. That is
BM25 with k = 1.2 and b = 0.5, if 30 words are the usual length and no word comes twice."""
_AT_ONCE = 500
_VERSION = 6_000 + 100 * traits.VERSION + RULES
_SCHEMA = f"""
    BEGIN IMMEDIATE;
    CREATE TABLE memory (
        number INTEGER PRIMARY KEY, kind TEXT NOT NULL, entry TEXT NOT NULL,
        said_at INTEGER NOT NULL, window TEXT NOT NULL, sketch TEXT NOT NULL,
        UNIQUE (kind, entry));
    CREATE TABLE mark (kind TEXT PRIMARY KEY, entry TEXT NOT NULL);
    CREATE VIRTUAL TABLE words
        USING fts5 (said, tokenize = '{TOKENIZER}', detail = none, columnsize = 0);
    PRAGMA user_version = {_VERSION};
    COMMIT;
"""

_LATEST = (1 << 63) - 1
"""No integer of SQLite is larger; an entry's milliseconds may be."""


class Row(NamedTuple):
    """A memory as the index has it; of its content, what is `indexed`. `sketch`: of its trait."""

    entry: str
    said_at: int
    window: str
    words: str
    sketch: str


class Mark(NamedTuple):
    """The oldest memory of a kind that the index has, and the last one that it read."""

    first: str | None
    last: str | None


NOTHING = Mark(None, None)


class Fts5File:
    """An index, open. Close it."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the file, or create it; without a path, an index in memory.

        Raises:
            sqlite3.Error, OSError: it can't be used.
        """
        self._path = path
        self._watched = () if path is None else (path, path.with_name(f"{path.name}-wal"))
        self._state: list[tuple[int, ...]] = []
        self._located: Located[int] = Located()
        self._changed = 0
        if path is None:
            self._db, self._inode = _created(":memory:"), None
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path):
            self._db = _reopened(path) or _created(path)
            self._inode = path.stat().st_ino

    def close(self) -> None:
        """Close it; safe to repeat."""
        self._db.close()

    def settle(self) -> None:
        """Take note of what the file is like now: what changes it later was somebody else."""
        self._state = self._looked_at()

    def is_settled(self) -> bool:
        """Whether nobody else has changed the file, or put another in its place."""
        return self._looked_at() == self._state

    def _looked_at(self) -> list[tuple[int, ...]]:
        found: list[tuple[int, ...]] = []
        for path in self._watched:
            with suppress(FileNotFoundError):
                stat = path.stat()
                found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
        return found

    def discard(self) -> None:
        """Close it and remove the file, unless another process has recreated it already."""
        self.close()
        if self._path is not None:
            with _locked(self._path):
                if self._path.exists() and self._path.stat().st_ino == self._inode:
                    _remove(self._path)

    def marks(self) -> dict[str, Mark]:
        """How far each kind has been read."""
        rows = self._db.execute(
            "SELECT kind, (SELECT min(entry) FROM memory WHERE kind = mark.kind), entry FROM mark"
        )
        return {kind: Mark(first and _short(first), _short(last)) for kind, first, last in rows}

    def add(self, kind: str, after: str | None, rows: Sequence[Row]) -> None:
        """Add the next memories of a kind, unless another process has meanwhile added some after
        `after`, or started over.
        """
        with self._transaction("BEGIN IMMEDIATE"):
            if self._last(kind) != after:
                return
            [last] = self._db.execute("SELECT coalesce(max(number), 0) FROM memory").fetchone()
            for place, row in enumerate(rows, last // _LENGTHS + 1):
                number = _number(place, row.words)
                self._db.execute(
                    "INSERT INTO memory VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        number,
                        kind,
                        _long(row.entry),
                        min(row.said_at, _LATEST),
                        storable(row.window),
                        row.sketch,
                    ),
                )
                self._db.execute(
                    "INSERT INTO words (rowid, said) VALUES (?, ?)", (number, row.words)
                )
            self._db.execute(
                "INSERT OR REPLACE INTO mark VALUES (?, ?)", (kind, _long(rows[-1].entry))
            )

    def clear(self, kind: str, last: str) -> None:
        """Remove all memories of a kind, so that it is read from the beginning, if `last` is still
        the last entry that was read.
        """
        with self._transaction("BEGIN IMMEDIATE"):
            if self._last(kind) == last:
                self._delete("kind = ?", kind)
                self._db.execute("DELETE FROM mark WHERE kind = ?", (kind,))

    def _last(self, kind: str) -> str | None:
        return self.marks().get(kind, NOTHING).last

    def trim(self, kind: str, first: str) -> None:
        """Remove the memories of a kind that are older than this entry."""
        with self._transaction("BEGIN IMMEDIATE"):
            self._delete("kind = ? AND entry < ?", kind, _long(first))

    def size(self, kind: str) -> int:
        """How many memories of a kind it has."""
        row = self._db.execute("SELECT count(*) FROM memory WHERE kind = ?", (kind,))
        return int(row.fetchone()[0])

    def retain(self, kind: str, entries: Collection[str], last: str | None) -> None:
        """Remove all memories of a kind but these, of those up to the last entry that was read."""
        with self._transaction("BEGIN IMMEDIATE"):
            if last is None or self._last(kind) != last:
                return
            rows = self._db.execute("SELECT entry FROM memory WHERE kind = ?", (kind,)).fetchall()
            for (entry,) in rows:
                if _short(entry) not in entries:
                    self._delete("kind = ? AND entry = ?", kind, entry)

    def erasures(self) -> int:
        """The number that `scrub` was given last."""
        return int(self._db.execute("PRAGMA application_id").fetchone()[0])

    def scrub(self, erasures: int) -> None:
        """See to it that what was removed leaves no byte behind, in the file or in its log. Done
        once for as many `erasures` as the mind has counted.
        """
        with self._transaction("BEGIN IMMEDIATE"):
            self._db.execute("INSERT INTO words (words) VALUES ('optimize')")
        self._db.execute("VACUUM")
        self._db.execute(f"PRAGMA application_id = {int(erasures)}")
        self._db.execute("PRAGMA wal_checkpoint (TRUNCATE)")

    def _delete(self, condition: str, *values: str) -> None:
        self._located.clear()  # a number may be given again
        numbers = f"SELECT number FROM memory WHERE {condition}"
        self._db.execute(f"DELETE FROM words WHERE rowid IN ({numbers})", values)
        self._db.execute(f"DELETE FROM memory WHERE {condition}", values)

    def find(self, wanted: Wanted, read: Mapping[str, Mark]) -> Proposal | None:
        """The memories that are wanted. None if another process has started over meanwhile and the
        index is not as far as `read`.
        """
        with self._transaction("BEGIN"):
            return None if self._is_behind(read) else self._find(wanted)

    def count(self, query: Query, read: Mapping[str, Mark]) -> dict[str, int] | None:
        """How many memories have each word of the query; None as in `find`."""
        with self._transaction("BEGIN"):
            if self._is_behind(read):
                return None
            return {term.stem: self._count(expression(term)) for term in query.terms}

    def _is_behind(self, read: Mapping[str, Mark]) -> bool:
        marks = self.marks() if read else {}
        return any(_is_behind(marks.get(kind, NOTHING), mark) for kind, mark in read.items())

    def _find(self, wanted: Wanted) -> Proposal:
        [changed] = self._db.execute("PRAGMA data_version").fetchone()
        if changed != self._changed:
            self._located.clear()  # somebody else may have given numbers again
            self._changed = changed
        numbers = self._best(wanted)
        unknown = self._located.unknown(numbers, wanted.known)
        sketches: dict[Location, str] = {}
        for at in range(0, len(unknown), _AT_ONCE):
            some = ",".join(map(str, unknown[at : at + _AT_ONCE]))
            for number, kind, entry, sketch in self._db.execute(
                f"SELECT number, kind, entry, sketch FROM memory WHERE number IN ({some})"
            ):
                self._located[number] = location = Location(kind, _short(entry))
                sketches[location] = sketch
        locations = [self._located[number] for number in numbers]
        return Proposal(locations, sketches)

    def _best(self, wanted: Wanted) -> list[int]:
        """Numbers, best first; of equals, what was added first."""
        condition, values = _condition(wanted.filters)
        table = "words JOIN memory ON number = words.rowid" if condition else "words"
        scored = (
            f"SELECT words.rowid AS found, ? / (? + words.rowid % ?) AS score FROM {table} "
            f"WHERE words MATCH ? {condition}"
        )
        terms = wanted.query.terms
        given = (
            (wanted.idf[term.stem], _SHORT, _LENGTHS, expression(term), *values) for term in terms
        )
        rows = self._db.execute(
            f"SELECT found FROM ({' UNION ALL '.join([scored] * len(terms))}) "
            "GROUP BY found ORDER BY sum(score) DESC, found LIMIT ?",
            (*chain.from_iterable(given), wanted.limit),
        )
        return [number for (number,) in rows]

    def sketches(
        self, locations: Collection[Location], read: Mapping[str, Mark]
    ) -> dict[Location, str] | None:
        """Of those that it has; None as in `find`."""
        with self._transaction("BEGIN"):
            if self._is_behind(read):
                return None
            found: dict[Location, str] = {}
            asked = sorted(locations)
            for at in range(0, len(asked), _AT_ONCE):
                for kind, some in groupby(asked[at : at + _AT_ONCE], key=itemgetter(0)):
                    entries = [_long(one.entry) for one in some]
                    rows = self._db.execute(
                        "SELECT entry, sketch FROM memory WHERE kind = ? AND entry IN "
                        f"({','.join('?' * len(entries))})",
                        (kind, *entries),
                    )
                    found |= {Location(kind, _short(entry)): sketch for entry, sketch in rows}
            return found

    def _count(self, match: str) -> int:
        row = self._db.execute("SELECT count(*) FROM words WHERE words MATCH ?", (match,))
        return int(row.fetchone()[0])

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self._db.execute(begin)
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _is_behind(mark: Mark, other: Mark) -> bool:
    return other.last is not None and (mark.last is None or order(mark.last) < order(other.last))


def _condition(filters: Filters) -> tuple[str, list[str | int]]:
    wanted: dict[str, str | int | None] = {
        "kind =": filters.kind,
        "said_at >=": filters.since,
        "said_at <=": filters.until,
        "window =": None if filters.window_field is None else storable(filters.window_field),
    }
    given = {test: value for test, value in wanted.items() if value is not None}
    return "".join(f"AND {test} ? " for test in given), list(given.values())


def _number(place: int, words: str) -> int:
    return place * _LENGTHS + min(_LENGTHS - 1, words.count(" ") // 2)


def _long(entry: str) -> str:
    """An entry's id so that it sorts as text."""
    milliseconds, _, sequence = entry.partition("-")
    return f"{milliseconds:0>20}-{sequence:0>20}"


def _short(entry: str) -> str:
    milliseconds, _, sequence = entry.partition("-")
    return f"{int(milliseconds)}-{int(sequence)}"


# --- the file itself -------------------------------------------------------------------------
def is_corrupt(error: BaseException) -> bool:
    """Whether an error says that the file is corrupt, rather than that it can't be used here."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _opened(path: Path | str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
    db.execute(f"PRAGMA cache_size = {-_CACHE_KB}")
    return db


def _reopened(path: Path) -> sqlite3.Connection | None:
    """The file, open; None if there is none of this version, or no longer."""
    if not path.exists():
        return None
    db = _opened(path)
    try:
        if db.execute("PRAGMA user_version").fetchone()[0] == _VERSION:
            return db
    except sqlite3.Error as error:
        if not is_corrupt(error):
            db.close()
            raise
    db.close()
    _remove(path)
    return None


def _created(path: Path | str) -> sqlite3.Connection:
    db = _opened(path)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(_SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


def remove(path: Path) -> None:
    """Remove the file at this path, if there is one, and what belongs to it."""
    if path.parent.is_dir():
        with _locked(path):
            _remove(path)
            _lock_of(path).unlink(missing_ok=True)  # services do the same


def _remove(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Nobody else opens, creates or removes the file meanwhile."""
    with _lock_of(path).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")
