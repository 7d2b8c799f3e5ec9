"""The minds that did something, for the census: each is told of once a second at most."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_AGAIN_S = 1.0


class Stirred:
    """Filled by many, emptied by one."""

    def __init__(self) -> None:
        self._due = set[str]()
        self._told = set[str]()
        self._again = set[str]()
        self._next = float("-inf")
        self._news = asyncio.Event()

    def add(self, mind: str) -> None:
        """It did something."""
        (self._again if mind in self._told else self._due).add(mind)
        self._news.set()

    @asynccontextmanager
    async def some(self, most: int) -> AsyncIterator[list[str]]:
        """Those that are to be told, as soon as there are any; if that fails, they still are."""
        await self._come()
        minds = [self._due.pop() for _ in range(min(most, len(self._due)))]
        try:
            yield minds
        except BaseException:
            self._due.update(minds)
            raise
        self._told.update(minds)

    async def _come(self) -> None:
        """Wait for one that was not told of in this second; or for the next second."""
        clock = asyncio.get_running_loop().time
        while True:
            if clock() >= self._next:
                self._due |= self._again
                self._told, self._again = set(), set()
                self._next = clock() + _AGAIN_S
            if self._due:
                return
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._next if self._told else None):
                    await self._news.wait()
