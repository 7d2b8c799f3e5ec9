"""Calls of many tasks of a process, made together: one round trip for all."""

import asyncio
from typing import Any

from thoughtstream.store.calls import ERRORS
from thoughtstream.store.client import Client
from thoughtstream.store.functions import Call, Library
from thoughtstream.store.shields import retrieved

_GATHER_S = 0.005


class Batch:
    """What is called within a few milliseconds goes out together."""

    def __init__(self, redis: Client, library: Library) -> None:
        self._redis = redis
        self._library = library
        self._next: list[tuple[Call, asyncio.Future[Any]]] = []
        self._sending = set[asyncio.Task[None]]()

    async def call(self, call: Call) -> Any:
        """Errors are those of Redis."""
        answer = asyncio.get_running_loop().create_future()
        self._next.append((call, answer))
        if len(self._next) == 1:
            task = asyncio.create_task(self._send())
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return await answer

    async def _send(self) -> None:
        await asyncio.sleep(_GATHER_S)
        batch, self._next = [one for one in self._next if not one[1].done()], []
        if not batch:  # whoever called has left
            return
        calls = [call for call, _ in batch]
        try:
            answers = await self._library.try_all(self._redis, calls)
        except ERRORS as error:
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
                retrieved(future)
            else:
                future.set_result(answer)
