"""The new entries of a stream, each once; what was trimmed before it was read is counted."""

from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from thoughtstream.memory.models import order
from thoughtstream.store.client import Client

Entry = tuple[str, dict[str, str]]

BEGINNING = "0-0"
_PAGE, _PAGES = 500, 4


@dataclass(frozen=True, slots=True)
class News:
    """Entries, the oldest first, and how many before them are gone; None: nobody can say."""

    entries: list[Entry]
    dropped: int | None = 0


class Following:
    """Follows a stream from where it ends when it is first read."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._at: str | None = None
        self._number = 0
        """How many entries the stream ever had up to there."""

    @property
    def at(self) -> str:
        """The last entry that was read."""
        return self._at or BEGINNING

    async def read(self, redis: Client) -> News:
        """What is new. A few thousand entries at most; the next time goes on from there."""
        if self._at is None:
            self._at, self._number = await self._end(redis)
            return News([])
        found, dropped = await self._page(redis, self._at), 0
        if not found:
            return News([])
        is_full = len(found) == _PAGE
        if found[0][0] == self._at:  # nothing behind it was trimmed
            del found[0]
        else:
            dropped, found = await self._after_trimming(redis)
            is_full = len(found) == _PAGE
        for _ in range(_PAGES):
            if not is_full:
                break
            more = await self._page(redis, f"({found[-1][0]}")
            is_full = len(more) == _PAGE
            found += more
        if found:
            self._at = found[-1][0]
            self._number += dropped + len(found)
        return News(found, dropped)

    async def after(self, redis: Client, known: str, most: int) -> News:
        """What came after an entry that somebody knows, up to where this is."""
        if order(known) >= order(self.at):
            return News([])
        found: Any = await redis.xrange(self._stream, known, self.at, count=most)
        if found and found[0][0] == known:
            return News(found[1:])
        oldest: Any = await redis.xrange(self._stream, count=1)
        is_gone = not oldest or order(oldest[0][0]) > order(known)
        return News(found, None if is_gone else 0)

    async def _page(self, redis: Client, since: str) -> list[Entry]:
        found: Any = await redis.xrange(self._stream, since, "+", count=_PAGE)
        return list(found)

    async def _end(self, redis: Client) -> tuple[str, int]:
        try:
            about = await redis.xinfo_stream(self._stream)
        except ResponseError as error:
            if "no such key" not in str(error):
                raise
            return BEGINNING, 0
        return str(about["last-generated-id"]), int(about["entries-added"])

    async def _after_trimming(self, redis: Client) -> tuple[int, list[Entry]]:
        """The entry that was read last is gone: (how many after it are, too; those that are not).

        What the stream says of itself is older than the entries that follow, never younger.
        """
        about: Any = await redis.xinfo_stream(self._stream)
        added, length = int(about["entries-added"]), int(about["length"])
        first = about["first-entry"]
        is_trimmed = first is not None and order(first[0]) > order(self.at)
        if added < self._number:  # it was written anew
            self._number = added - length if is_trimmed else added
        dropped = max(added - self._number - length, 0) if is_trimmed else 0
        return dropped, await self._page(redis, f"({self.at}")
