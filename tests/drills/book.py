"""The book of a drill: what each client was promised, as it noted it the moment it knew.

A client writes a log, a line of JSON a note: `[when, what, where, value]`, with the seconds of the
monotonic clock, which all processes of a machine share. `Log` writes it, `Book` reads it. A client
that is killed (-9) goes on with its log when it starts again, in another life.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple


class Note(NamedTuple):
    """One line. `where`: the mind, or whatever else has the value; empty for a key."""

    at: float
    what: str
    where: str
    value: str


class Log:
    """What a client notes. `counter` has the number of its acknowledged writes; `is_over` says when
    it should end.
    """

    def __init__(self, path: Path, counter: Any, is_over: Callable[[], bool]) -> None:
        self.name = path.stem
        self.folder = path.parent
        self.life = Book.of([path]).count["started"] if path.exists() else 0
        self._file = path.open("a", buffering=1)
        self._counter = counter
        self._is_over = is_over

    @property
    def over(self) -> bool:
        """Whether the client should end."""
        return self._is_over()

    def name_of(self, *parts: object) -> str:
        """A name that no other client gives, nor this one in another life."""
        return ":".join(map(str, (self.name, self.life, *parts)))

    def note(self, what: str, where: str = "", value: str = "") -> None:
        """Write a line."""
        self._file.write(json.dumps(Note(time.monotonic(), what, where, value)) + "\n")

    def sent(self, where: str, value: str) -> None:
        """Before it is: whether it arrived is unknown until it is acknowledged."""
        self.note("sent", where, value)

    def acknowledged(self, where: str, value: str) -> None:
        """From now on, nothing may happen to it."""
        self.note("acknowledged", where, value)
        self._counter.value += 1

    def error(self, where: str, error: Exception) -> None:
        """What a user would have seen."""
        self.note("error", where, f"{type(error).__name__}: {error}")


@dataclass(frozen=True)
class Book:
    """All notes of some clients."""

    notes: list[Note]

    @classmethod
    def of(cls, logs: Iterable[Path]) -> "Book":
        """Read logs."""
        lines = (line for log in logs for line in log.read_text().splitlines())
        return cls([Note(*json.loads(line)) for line in lines])

    @cached_property
    def _by_what(self) -> dict[str, dict[str, Note]]:
        found: dict[str, dict[str, Note]] = defaultdict(dict)
        for note in self.notes:
            found[note.what][note.value] = note
        return found

    @cached_property
    def count(self) -> Counter[str]:
        """How many notes there are of each kind."""
        return Counter(note.what for note in self.notes)

    def noted(self, what: str) -> dict[str, Note]:
        """The notes of a kind, by value."""
        return self._by_what.get(what, {})

    @property
    def acknowledged(self) -> dict[str, Note]:
        """What may not be missing."""
        return self.noted("acknowledged")

    @property
    def unknown(self) -> set[str]:
        """What was sent and had no answer: it may be there or not."""
        return self.noted("sent").keys() - self.acknowledged.keys()

    @property
    def errors(self) -> list[str]:
        """Every error that a user would have seen."""
        return [note.value for note in self.notes if note.what == "error"]

    @property
    def ended(self) -> bool:
        """Whether the client came to its end by itself."""
        return bool(self.notes) and self.notes[-1].what == "ended"

    @property
    def longest_gap_s(self) -> float:
        """From one acknowledged write to the next one of the same place, or to the client's end."""
        times: dict[str, list[float]] = defaultdict(list)
        for note in self.notes:
            if note.what == "acknowledged":
                times[note.where].append(note.at)
            elif note.what == "ended":
                for passed in times.values():
                    passed.append(note.at)
        gaps = [later - at for passed in times.values() for at, later in pairwise(passed)]
        return max(gaps, default=0)
