"""What holds only within an `async with`, held for as long as a session wants it."""

import asyncio
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Generic, TypeVar

from thoughtstream.errors import ThoughtstreamError

T = TypeVar("T")


class Kept(Generic[T]):
    """A context that is open, in a task of its own: it cancels that when it is lost."""

    def __init__(self, context: AbstractAsyncContextManager[T]) -> None:
        self._let_go = asyncio.Event()
        self._entered: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._hold(context))

    @classmethod
    async def entered(cls, context: AbstractAsyncContextManager[T]) -> "Kept[T]":
        """Enter it, and keep it open.

        Raises: what entering it does.
        """
        kept = cls(context)
        try:
            both: set[asyncio.Future[Any]] = {kept._task, kept._entered}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:  # whoever asked no longer waits
            kept._task.cancel()
            raise
        if not kept._entered.done():
            await kept._task
        return kept

    @property
    def value(self) -> T:
        """What entering gave."""
        return self._entered.result()

    @property
    def lost(self) -> ThoughtstreamError | None:
        """How it ended by itself; None: it holds."""
        if not self._task.done() or self._task.cancelled():
            return None
        error = self._task.exception()
        return error if isinstance(error, ThoughtstreamError) else None

    async def let_go(self) -> None:
        """Leave it."""
        self._let_go.set()
        with suppress(ThoughtstreamError):
            await self._task

    async def _hold(self, context: AbstractAsyncContextManager[T]) -> None:
        async with context as value:
            self._entered.set_result(value)
            await self._let_go.wait()
