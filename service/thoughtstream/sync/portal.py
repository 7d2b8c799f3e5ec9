"""A thread with an event loop, in which others have asynchronous work done.

Any thread may, also one in which another event loop runs (a notebook's, say), which stands still
meanwhile. Ctrl-C ends what is waited for. What belongs to another process, after a fork, or is
closed says so; nothing hangs.
"""

import asyncio
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import AbstractAsyncContextManager, AbstractContextManager, suppress
from types import TracebackType
from typing import Any, Generic, TypeVar

import uvloop

from thoughtstream.errors import NotConnected, WouldBlock

R = TypeVar("R")
T = TypeVar("T")


class Caller(ABC):
    """Has asynchronous work done, and waits for it. Errors come through as they are."""

    @abstractmethod
    def start(self, work: Coroutine[Any, Any, R]) -> "Future[R]":
        """Begin with some work.

        Raises:
            NotConnected: the portal is closed, or another process's. WouldBlock: this is its loop.
        """

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Do it. Raises: as `start`."""
        future = self.start(work)
        try:
            return future.result()
        except CancelledError:
            raise NotConnected("was closed meanwhile, by another thread") from None
        finally:
            future.cancel()  # it goes on only if this thread was interrupted

    def iterate(self, items: AsyncIterator[R]) -> Iterator[R]:
        """These items, as they come."""
        try:
            while True:
                more = self.run(_next(items))
                if not more:
                    return
                yield more[0]
        finally:
            with suppress(NotConnected, WouldBlock):  # then the loop ends it
                self.run(_close(items))

    def hold(self, context: AbstractAsyncContextManager[R]) -> "Held[R]":
        """A context to be entered here."""
        return Held(self, context)


class Portal(Caller, AbstractContextManager[R], Generic[R]):
    """The thread, and in it a connection, for as long as the context goes on."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[R]]) -> None:
        self._connect = connect
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._works: dict[Future[Any], Coroutine[Any, Any, Any]] = {}
        self._opened: Future[R] = Future()
        self._closing = asyncio.Event()
        self._is_closed = False
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        # A daemon: who never closes it is not kept from ending.
        self._thread = threading.Thread(target=self._serve, name="thoughtstream", daemon=True)

    def __enter__(self) -> R:
        self._thread.start()
        try:
            return self._opened.result()
        except BaseException:
            self._tell(self._closing)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if os.getpid() != self._pid:
            return
        self._tell(self._closing)
        self._thread.join()
        if self._failure is not None and error is None:
            raise self._failure

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """See `Caller`."""
        try:
            self._check()
            with self._lock:
                if self._is_closed:
                    raise NotConnected("is closed; connect again")
                future = asyncio.run_coroutine_threadsafe(work, self._loop)
                self._works[future] = work
        except BaseException:
            work.close()
            raise
        future.add_done_callback(self._works.pop)
        return future

    def _tell(self, event: asyncio.Event) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(event.set)

    def _check(self) -> None:
        if os.getpid() != self._pid:
            raise NotConnected(
                f"was connected by process {self._pid}, before a fork; connect again in this one"
            )
        if threading.current_thread() is self._thread:
            raise WouldBlock(
                "a blocking call inside the event loop that would have to answer it; make it in "
                "a plain function, which runs in a thread, or use thoughtstream.Mind and Colony"
            )

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._until_closed())
            except BaseException as error:  # noqa: BLE001 - of whoever enters or leaves
                if self._opened.done():
                    self._failure = error
                else:
                    self._opened.set_exception(error)

    async def _until_closed(self) -> None:
        async with self._connect() as connected:
            self._opened.set_result(connected)
            await self._closing.wait()
            await self._end_works()

    async def _end_works(self) -> None:
        with self._lock:
            self._is_closed = True
            works = {*self._works.values()}
        await asyncio.sleep(0)  # by then each of them is a task
        tasks = [task for task in asyncio.all_tasks() if task.get_coro() in works]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


class Held(Caller, AbstractContextManager[R], Generic[R]):
    """An asynchronous context around a body here, entered and left by one task of the loop.

    The body can't be cut off as an asynchronous one can: what has become of the context (a lease
    was lost, say) is raised at its end, and by calls that are made through this meanwhile.
    """

    def __init__(self, within: Caller, context: AbstractAsyncContextManager[R]) -> None:
        self._within = within
        self._context = context
        self._pid = os.getpid()

    def __enter__(self) -> R:
        entered: Future[R] = Future()
        self._life = self._within.start(self._live(entered))
        either: list[Future[Any]] = [entered, self._life]
        try:
            wait(either, return_when=FIRST_COMPLETED)
        except BaseException:
            self._life.cancel()
            raise
        if not entered.done():
            self._life.result()
        return entered.result()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if os.getpid() != self._pid:
            return
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._leave.set)
        try:
            failure = self._life.exception()
        except CancelledError:
            failure = NotConnected("was closed meanwhile, by another thread")
        if failure is not None and error is None:
            raise failure

    def start(self, work: Coroutine[Any, Any, Any]) -> "Future[Any]":
        """See `Caller`. Raises: also what has become of the context."""
        failure = self._life.exception() if self._life.done() else None
        if failure is not None:
            work.close()
            raise failure
        return self._within.start(work)

    async def _live(self, entered: "Future[R]") -> None:
        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        async with self._context as value:
            entered.set_result(value)
            await self._leave.wait()


async def _next(items: AsyncIterator[R]) -> tuple[R, ...]:
    async for item in items:
        return (item,)
    return ()


async def _close(items: AsyncIterator[Any]) -> None:
    close = getattr(items, "aclose", None)
    if close is not None:
        await close()
