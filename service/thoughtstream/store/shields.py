"""Work that goes on when whoever waits for it is cancelled."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


async def undisturbed(work: Awaitable[T]) -> T:
    """Its result; it comes to its end in any case, and what goes wrong then is told to nobody."""
    task: asyncio.Future[T] = asyncio.ensure_future(work)
    task.add_done_callback(retrieved)
    return await asyncio.shield(task)


def retrieved(task: "asyncio.Future[Any]") -> None:
    """A callback: what went wrong was told to whoever still waited."""
    if not task.cancelled():
        task.exception()
