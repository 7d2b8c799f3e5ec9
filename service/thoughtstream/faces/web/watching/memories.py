"""The new memories of a mind, whoever made them."""

from dataclasses import dataclass, field
from typing import Any

from thoughtstream import keys
from thoughtstream.faces.plain import plain
from thoughtstream.faces.web.watching.cutting import cut
from thoughtstream.memory.models import Location, Memory
from thoughtstream.store.client import Client

MOST_CHARACTERS = 300
_PAGE = 200


@dataclass
class NewMemories:
    """Those that a look found, as they are told, and how many more there are."""

    found: list[dict[str, Any]] = field(default_factory=list)
    dropped: int = 0


class Anchoring:
    """Follows the memories of a mind from when it is first read."""

    def __init__(self, mind: str) -> None:
        self._streams = {kind: family.key(mind=mind) for kind, family in keys.MEMORIES.items()}
        self._at: dict[str, str] | None = None
        self._lengths: dict[str, int] = {}

    async def read(self, redis: Client) -> NewMemories:
        """What is new. Of a flood, as an import is one, the first are told and the rest counted."""
        if self._at is None:
            self._at, self._lengths = await self._ends(redis)
            return NewMemories()
        pipe: Any = redis.pipeline(transaction=False)
        for kind, stream in self._streams.items():
            pipe.xrange(stream, f"({self._at[kind]}", "+", count=_PAGE)
            pipe.xlen(stream)
        answers = await pipe.execute()
        news = NewMemories()
        pages = dict(zip(self._streams, answers[::2], strict=True))
        for kind, entries in pages.items():
            news.found += [_told(kind, entry, fields) for entry, fields in entries]
            if entries:
                self._at[kind] = entries[-1][0]
        if any(len(entries) == _PAGE for entries in pages.values()):
            before, (self._at, self._lengths) = self._lengths, await self._ends(redis)
            grown = sum(self._lengths.values()) - sum(before.values())
            news.dropped = max(grown - len(news.found), 0)
        else:
            self._lengths = dict(zip(self._streams, answers[1::2], strict=True))
        return news

    async def _ends(self, redis: Client) -> tuple[dict[str, str], dict[str, int]]:
        pipe: Any = redis.pipeline(transaction=False)
        for stream in self._streams.values():
            pipe.xrevrange(stream, count=1)
            pipe.xlen(stream)
        answers = await pipe.execute()
        newest = [entries[0][0] if entries else "0-0" for entries in answers[::2]]
        kinds = self._streams
        return (
            dict(zip(kinds, newest, strict=True)),
            dict(zip(kinds, answers[1::2], strict=True)),
        )


def _told(kind: str, entry: str, fields: dict[str, str]) -> dict[str, Any]:
    """Cut before it is understood: to find the days in a long text takes long."""
    shorter = cut(fields, MOST_CHARACTERS)
    is_cut = shorter.pop("truncated", None) is True
    told: dict[str, Any] = plain(Memory.of(Location(kind, entry), shorter))
    return told | ({"truncated": True} if is_cut else {})
