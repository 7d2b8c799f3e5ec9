"""Lines of a file or a pipe, as they arrive, without blocking the event loop."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator

Line = tuple[int, bytes]
"""A line and its number, from 1."""

_CHUNK = 1 << 16


async def read_lines(descriptor: int) -> AsyncIterator[list[Line]]:
    """The lines of an open file in groups, as much as there is to read at a time.

    A pipe's line is there as soon as its writer has written it. The reading is done by a
    daemon thread: it may be in the middle of a read that never returns.
    """
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[bytes | OSError] = asyncio.Queue()
    taken = threading.Semaphore(2)

    def read() -> None:
        while taken.acquire():
            try:
                data: bytes | OSError = os.read(descriptor, _CHUNK)
            except OSError as error:
                data = error
            try:
                loop.call_soon_threadsafe(arrived.put_nowait, data)
            except RuntimeError:  # the loop is closed: nobody reads any more
                return
            if not data or isinstance(data, OSError):
                return

    threading.Thread(target=read, name="feed", daemon=True).start()
    number, begun = 0, list[bytes]()
    while data := await arrived.get():
        taken.release()
        if isinstance(data, OSError):
            raise data
        first, *others = data.split(b"\n")
        begun.append(first)
        if others:
            whole = [b"".join(begun), *others[:-1]]  # once a line: a long one comes in many pieces
            begun = others[-1:]
            yield list(enumerate(whole, number + 1))
            number += len(whole)
    if rest := b"".join(begun):
        yield [(number + 1, rest)]
