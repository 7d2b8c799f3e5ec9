"""The minds that a service serves on one server: an idle one is an entry in a dict, and its windows
are watched; one that has something to do has a loop.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from redis.exceptions import ConnectionError

from thoughtstream import keys
from thoughtstream.attention.loop import AttentionLoop, window_keys
from thoughtstream.store.client import Client
from thoughtstream.store.wakeups import Wakeups

_MOST_AT_ONCE = 16
_PAGE = 500
"""Minds that are looked at together."""

Windows = Mapping[str, tuple[str, ...]]
Loops = dict[str, AttentionLoop]


class Serving:
    """`windows`: those of every mind that is known. `loops`: those that run or were cut off, of all
    servers; `new_loop` makes one. Without `wakeups`, minds have to be looked at now and then.
    """

    def __init__(
        self,
        redis: Client,
        group: asyncio.TaskGroup,
        wakeups: Wakeups | None,
        windows: Windows,
        loops: Loops,
        new_loop: Callable[[str], AttentionLoop],
    ) -> None:
        self._redis = redis
        self._group = group
        self._wakeups = wakeups
        self._windows = windows
        self._loops = loops
        self._new_loop = new_loop
        self._turns = asyncio.Semaphore(_MOST_AT_ONCE)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._watched: dict[str, tuple[str, ...]] = {}
        self._unseen: deque[str] = deque()
        self._is_unseen = set[str]()
        self._news = asyncio.Event()

    @property
    def polls(self) -> bool:
        """Whether nobody tells of writes."""
        return self._wakeups is None

    def look_at(self, mind: str) -> None:
        """Serve it, if that is not done; find out soon whether it has something to do."""
        self._watched.setdefault(mind, ())
        if mind in self._loops:
            self.wake(mind)
        elif mind not in self._is_unseen:
            self._unseen.append(mind)
            self._is_unseen.add(mind)
            self._news.set()

    def wake(self, mind: str) -> None:
        """It may have something to do, if it is served here."""
        watched = self._watched.get(mind)
        if watched is None:
            return
        loop = self._loops.get(mind)
        if loop is None:
            loop = self._loops[mind] = self._new_loop(mind)
        loop.wake(self._windows[mind])
        if mind in self._tasks:
            return
        run = loop.run(self._wakeups, self._turns, watched, lambda: self._rests(mind, loop))
        try:
            self._tasks[mind] = self._group.create_task(run)
        except RuntimeError:  # the server was lost just now; it is looked at once that is back
            run.close()

    def leave(self, mind: str) -> None:
        """Another service has it now, or another server."""
        watched = set(self._watched.pop(mind, ()))
        task = self._tasks.pop(mind, None)
        if task is not None:
            task.cancel()
        loop = self._loops.pop(mind, None)
        if loop is not None:
            watched.update(loop.watched)
        if self._wakeups is not None and watched:
            with suppress(ConnectionError):  # then nothing is watched anyway
                self._wakeups.unwatch(window_keys(mind, watched))

    def close(self) -> None:
        """The server is lost; what was cut off goes on where it is served next."""
        for task in self._tasks.values():
            task.cancel()

    async def run(self) -> None:
        """Look at what is to be looked at, until cancelled.

        Raises:
            redis errors: Redis was lost.
        """
        while True:
            await self._news.wait()
            page = [self._unseen.popleft() for _ in range(min(_PAGE, len(self._unseen)))]
            if not self._unseen:
                self._news.clear()
            self._is_unseen.difference_update(page)
            await self._look([mind for mind in page if mind in self._watched])

    def _rests(self, mind: str, loop: AttentionLoop) -> None:
        self._watched[mind] = loop.watched
        del self._tasks[mind], self._loops[mind]

    async def _look(self, minds: list[str]) -> None:
        """Watch first: what comes while we look is told."""
        windows = {mind: self._windows[mind] for mind in minds}
        where = {mind: window_keys(mind, its) for mind, its in windows.items()}
        if self._wakeups is not None and minds:
            await self._wakeups.watch([key for its in where.values() for key in its])
        pipe: Any = self._redis.pipeline(transaction=False)
        for mind, its in where.items():
            pipe.zcard(keys.DEADLINES.key(mind=mind))
            for key in its:
                pipe.xlen(key)
        answers = iter(await pipe.execute(raise_on_error=False) if minds else ())
        for mind, its in where.items():
            found = [next(answers) for _ in range(1 + len(its))]
            if mind not in self._watched:
                continue
            if mind not in self._tasks:
                self._watched[mind] = windows[mind]
            if any(found):  # an error, too, is for its loop to deal with
                self.wake(mind)
