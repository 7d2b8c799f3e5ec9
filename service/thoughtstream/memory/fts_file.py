"""The file of the FTS5 index: SQLite, derived from the memory streams, disposable.

Several processes may use one file at once. Whoever finds it broken, or of another version, makes
it anew.
"""

import fcntl
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from thoughtstream.memory.index import Proposal
from thoughtstream.memory.models import Place, Where
from thoughtstream.memory.text import Query

_WAIT_S = 10.0
_VERSION = 1
_SCHEMA = f"""
    BEGIN IMMEDIATE;
    CREATE TABLE memory (
        number INTEGER PRIMARY KEY, kind TEXT NOT NULL, entry TEXT NOT NULL,
        attended_at INTEGER NOT NULL, window TEXT NOT NULL, UNIQUE (kind, entry));
    CREATE TABLE mark (kind TEXT PRIMARY KEY, entry TEXT NOT NULL, length INTEGER NOT NULL);
    CREATE VIRTUAL TABLE words
        USING fts5 (content, tokenize = 'porter unicode61 remove_diacritics 2');
    PRAGMA user_version = {_VERSION};
    COMMIT;
"""


class Row(NamedTuple):
    """A memory as the index has it."""

    entry: str
    attended_at: int
    window: str
    content: str


class Mark(NamedTuple):
    """How far a kind has been read, and what the index has of it: its oldest memory (`0-0` if
    there is none) and how many.
    """

    entry: str
    first: str
    length: int


NOTHING = Mark("0-0", "0-0", 0)


class FtsFile:
    """An index, open. Close it."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the file, making it if need be; without a path, an index in memory.

        Raises:
            sqlite3.Error, OSError: it can't be used.
        """
        self._path = path
        if path is None:
            self._db, self._inode = _made(":memory:"), None
            return
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(path):
            self._db = _reopened(path) or _made(path)
            self._inode = path.stat().st_ino

    def close(self) -> None:
        """Close it; safe to repeat."""
        self._db.close()

    def discard(self) -> None:
        """Close it and remove the file, unless another process has made it anew already."""
        self.close()
        if self._path is not None:
            with _alone(self._path):
                if self._path.exists() and self._path.stat().st_ino == self._inode:
                    _remove(self._path)

    def marks(self) -> dict[str, Mark]:
        """By kind, how far it has been read."""
        kinds = [kind for (kind,) in self._db.execute("SELECT kind FROM mark")]
        return {kind: self._mark(kind) for kind in kinds}

    def _mark(self, kind: str) -> Mark:
        found = self._db.execute("SELECT entry, length FROM mark WHERE kind = ?", (kind,))
        entry, length = found.fetchone() or ("0-0", 0)
        oldest = self._db.execute("SELECT min(entry) FROM memory WHERE kind = ?", (kind,))
        return Mark(_short(entry), _short(oldest.fetchone()[0] or "0-0"), length)

    def add(self, kind: str, rows: Sequence[Row]) -> Mark:
        """Add the next memories of a kind; those that it has already are left alone."""
        with self._writing():
            added = sum(self._insert(kind, row) for row in rows)
            self._db.execute(
                "INSERT INTO mark VALUES (?, ?, ?) ON CONFLICT (kind) DO UPDATE SET "
                "entry = max(entry, excluded.entry), length = length + excluded.length",
                (kind, _long(rows[-1].entry), added),
            )
        return self._mark(kind)

    def _insert(self, kind: str, row: Row) -> int:
        inserted = self._db.execute(
            "INSERT OR IGNORE INTO memory (kind, entry, attended_at, window) VALUES (?, ?, ?, ?)",
            (kind, _long(row.entry), row.attended_at, _storable(row.window)),
        )
        if inserted.rowcount == 1:
            self._db.execute(
                "INSERT INTO words (rowid, content) VALUES (?, ?)",
                (inserted.lastrowid, _storable(row.content)),
            )
        return inserted.rowcount

    def trim(self, kind: str, first: str) -> Mark:
        """Remove the memories of a kind that are older than this entry."""
        with self._writing():
            self._delete("kind = ? AND entry < ?", (kind, _long(first)))
        return self._mark(kind)

    def forget(self, places: Collection[Place]) -> None:
        """Remove these memories."""
        with self._writing():
            for place in places:
                self._delete("kind = ? AND entry = ?", (place.kind, _long(place.entry)))

    def clear(self, kind: str) -> Mark:
        """Remove all of a kind, to read it from the beginning."""
        with self._writing():
            self._delete("kind = ?", (kind,))
            self._db.execute("DELETE FROM mark WHERE kind = ?", (kind,))
        return NOTHING

    def _delete(self, condition: str, values: tuple[str, ...]) -> None:
        """Delete memories of the kind that is the first value."""
        numbers = f"SELECT number FROM memory WHERE {condition}"
        self._db.execute(f"DELETE FROM words WHERE rowid IN ({numbers})", values)
        deleted = self._db.execute(f"DELETE FROM memory WHERE {condition}", values).rowcount
        self._db.execute("UPDATE mark SET length = length - ? WHERE kind = ?", (deleted, values[0]))

    def find(self, query: Query, where: Where, limit: int) -> Proposal:
        """The memories with any word of the query, best first; of equals, the older first."""
        forms = {term.stem: " OR ".join(map(_quoted, term.forms)) for term in query.terms}
        condition, values = _condition(where)
        rows = self._db.execute(
            "SELECT kind, entry FROM words JOIN memory ON number = words.rowid "
            f"WHERE words MATCH ? {condition} ORDER BY words.rank, entry, kind LIMIT ?",
            (" OR ".join(forms.values()), *values, limit),
        )
        places = [Place(kind, _short(entry)) for kind, entry in rows]
        having = {name: self._count(match) for name, match in forms.items()}
        return Proposal(places, len(places) < limit, having)

    def _count(self, match: str) -> int:
        row = self._db.execute("SELECT count(*) FROM words WHERE words MATCH ?", (match,))
        return int(row.fetchone()[0])

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")


def _condition(where: Where) -> tuple[str, list[str | int]]:
    wanted: dict[str, str | int | None] = {
        "kind =": where.kind,
        "attended_at >=": where.since,
        "attended_at <=": where.until,
        "window =": None if where.window_field is None else _storable(where.window_field),
    }
    given = {test: value for test, value in wanted.items() if value is not None}
    return "".join(f"AND {test} ? " for test in given), list(given.values())


def _quoted(form: str) -> str:
    """A word as a string of FTS5's query language (it has letters and digits only)."""
    return f'"{form}"'


def _storable(text: str) -> str:
    """Text that SQLite takes: no bytes that are not UTF-8, and no NUL, which would end it."""
    return text.encode(errors="replace").decode().replace("\0", " ")


def _long(entry: str) -> str:
    """An entry's id so that it sorts as text."""
    milliseconds, _, sequence = entry.partition("-")
    return f"{milliseconds:0>20}-{sequence:0>20}"


def _short(entry: str) -> str:
    milliseconds, _, sequence = entry.partition("-")
    return f"{int(milliseconds)}-{int(sequence)}"


# --- the file itself -------------------------------------------------------------------------
def is_broken(error: BaseException) -> bool:
    """Whether an error says that the file is no good, rather than that it can't be used here."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _opened(where: Path | str) -> sqlite3.Connection:
    return sqlite3.connect(where, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)


def _reopened(path: Path) -> sqlite3.Connection | None:
    """The file, open; None if there is none of this version (any more)."""
    if not path.exists():
        return None
    db = _opened(path)
    try:
        if db.execute("PRAGMA user_version").fetchone()[0] == _VERSION:
            return db
    except sqlite3.Error as error:
        if not is_broken(error):
            db.close()
            raise
    db.close()
    _remove(path)
    return None


def _made(where: Path | str) -> sqlite3.Connection:
    db = _opened(where)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(_SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


def _remove(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else opens, makes or removes the file meanwhile."""
    with path.with_name(f"{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
