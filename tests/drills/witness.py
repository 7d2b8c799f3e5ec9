"""The witness: Redis' own append-only file, which has every write that ever happened, in order.

What a bounded stream has dropped since is still in it, so that the account is of all thoughts and
not only of those that are left. It has to be read after the server has stopped, and must never
have been rewritten (`auto-aof-rewrite-percentage 0`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import hiredis

from tests.drills.people import REFRAMED, VALUE_LENGTH
from thoughtstream import keys

_PAGE = 1 << 20
_MEMORIES = tuple(keys.MEMORIES.values())


@dataclass(frozen=True)
class Written:
    """A thought as one stream has it. `value`: what its producer gave it; empty for an echo."""

    id: str
    value: str
    content: str


@dataclass
class History:
    """All that ever entered the streams of one mind."""

    windows: list[Written] = field(default_factory=list)
    rejected: list[Written] = field(default_factory=list)
    assembled: list[Written] = field(default_factory=list)
    forgotten: list[Written] = field(default_factory=list)
    memories: dict[str, list[Written]] = field(
        default_factory=lambda: {kind: [] for kind in keys.MEMORIES}
    )

    @property
    def anchored(self) -> list[Written]:
        """All memories."""
        return [written for kind in self.memories.values() for written in kind]

    def _of(self, family: keys.Family) -> list[Written] | None:
        if family in _MEMORIES:
            return self.memories[family.name]
        by_family = {
            keys.WINDOW: self.windows,
            keys.REJECTED: self.rejected,
            keys.ASSEMBLED: self.assembled,
            keys.UNCONSCIOUS: self.forgotten,
        }
        return by_family.get(family)

    def add(self, family: keys.Family, key: str, entry: str, fields: dict[str, str]) -> None:
        """One XADD."""
        into = self._of(family)
        if into is None:
            return
        if family is keys.WINDOW:
            fields = fields | {"id": f"{entry}@{key.partition('}:window:')[2]}"}
        into.append(written(fields))


def written(fields: dict[str, str]) -> Written:
    """From the fields of a stream entry."""
    content = fields.get("content", "")
    original = fields.get("original_content", content).removeprefix(REFRAMED)
    value = "" if "recalled" in fields else original[:VALUE_LENGTH]
    return Written(fields["id"], value, content)


def read(directory: Path) -> dict[str, History]:
    """The history of every mind, from the append-only file of a server's directory."""
    minds: dict[str, History] = {}
    for command in commands(directory):
        if command[0].upper() != "XADD":
            continue
        family = _family(command[1])
        if family is None or "{" not in command[1]:
            continue
        at = next(i for i in range(2, len(command)) if _is_entry_id(command[i]))
        flat = command[at + 1 :]
        fields = dict(zip(flat[::2], flat[1::2], strict=True))
        history = minds.setdefault(keys.mind_of(command[1]), History())
        history.add(family, command[1], command[at], fields)
    return minds


def commands(directory: Path) -> Iterator[list[str]]:
    """The commands of an append-only file, oldest first."""
    files = list(directory.glob("appendonlydir/*.incr.aof"))
    assert len(files) == 1, f"the file was rewritten: {files}"
    reader = hiredis.Reader(encoding="utf-8", errors="surrogateescape")
    with files[0].open("rb") as file:
        while page := file.read(_PAGE):
            reader.feed(page)
            while (command := reader.gets()) is not False:
                yield command


@lru_cache(maxsize=1024)
def _family(key: str) -> keys.Family | None:
    return keys.family_of(key)


def _is_entry_id(text: str) -> bool:
    ms, _, seq = text.partition("-")
    return ms.isdigit() and seq.isdigit()
