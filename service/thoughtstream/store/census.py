"""Which minds a server, or a cluster, has: read a page at a time, so that nobody looks through all
keys for them.

A projection: in a cluster it is on another server than most minds, so no Function can write both.
Whoever makes the ledger of a mind notes the mind first, and again while it goes on, so that it is
there again soon after all data was lost. A name may be there of a mind that is not, or no more: the
ledger says. Where it was never complete, as of a version before, whoever reads it looks through all
keys once.
"""

import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis.exceptions import NoPermissionError, OutOfMemoryError, ResponseError

from thoughtstream import keys
from thoughtstream.store.client import Client
from thoughtstream.store.functions import Library
from thoughtstream.store.outages import OUTAGES

LIBRARY = Library(Path(__file__).parent / "lua" / "census.lua")

PAGE = 1000
_AGAIN_S, _AFTER_OUTAGE_S = 1.0, 30.0
_COMPLETE = ""
"""A member that no mind is, and the first in order: all minds there were have been noted."""


class Census:
    """All minds. Errors: those of the client library."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._mentioned: dict[str, float] = {}

    async def note(self, minds: Iterable[str]) -> None:
        """There are these minds."""
        await self._note([keys.encode_name(mind) for mind in minds])

    async def mention(self, mind: str) -> None:
        """There is this mind; costs a round trip once a second at most."""
        now = time.monotonic()
        if now - self._mentioned.get(mind, float("-inf")) > _AGAIN_S:
            try:
                await self.note([mind])
            except OUTAGES:  # of another server than the mind's, it may be: the census can wait
                now += _AFTER_OUTAGE_S
            self._mentioned = {mind: now}

    async def forget(self, mind: str) -> None:
        """This mind was deleted."""
        with _done_without():
            await self._redis.zrem(keys.MINDS.key(), keys.encode_name(mind))

    async def pages(self) -> AsyncIterator[list[str]]:
        """Names, in their order, so many at a time as one round trip may ask for. SCANs where the
        census was never complete.
        """
        last: str | None = None
        while last != _COMPLETE:
            page = await self._page(last)
            if last is None and page[:1] != [_COMPLETE]:
                page = await self._take()
                last = _COMPLETE
            else:
                last = page[-1] if len(page) == PAGE else _COMPLETE
            for start in range(0, len(page), PAGE):
                yield [keys.decode_name(name) for name in page[start : start + PAGE] if _is(name)]

    async def _page(self, last: str | None) -> list[str]:
        after = "-" if last is None else f"({last}"
        read: Any = self._redis.zrange
        with _done_without():
            return list(await read(keys.MINDS.key(), after, "+", bylex=True, offset=0, num=PAGE))
        return []

    async def _take(self) -> list[str]:
        """Look through all keys for minds, and note them."""
        found = await self._redis.find(keys.LEDGER.glob)
        names = sorted(filter(_is, (key[key.index("{") + 1 : key.index("}")] for key in found)))
        for start in range(0, len(names), PAGE):
            await self._note(names[start : start + PAGE])
        await self._note([_COMPLETE])
        return names

    async def _note(self, names: list[str]) -> None:
        if names:
            with _done_without():
                await LIBRARY.call(self._redis, "census_note_1", [keys.MINDS.key()], names)


@contextmanager
def _done_without() -> Iterator[None]:
    """It is no more than a help: who may not have it, has no room for it, or finds something else
    there, looks through all keys.
    """
    try:
        yield
    except (NoPermissionError, OutOfMemoryError):
        pass
    except ResponseError as error:
        if "WRONGTYPE" not in str(error):
            raise


def _is(name: str) -> bool:
    """Whether this is a mind's name, encoded; others may have written anything."""
    try:
        return keys.encode_name(keys.decode_name(name)) == name
    except ValueError:
        return False
