"""Hedged requests: several servers are asked the same, and whoever answers first is taken.

Source: Dean and Barroso, The Tail at Scale, 2013.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

Request = Callable[[], Coroutine[Any, Any, T]]


async def hedged(
    requests: Sequence[Request[T]], delay_s: float, transient: tuple[type[Exception], ...]
) -> T:
    """Each request is sent as soon as the one before it has failed, or has had no answer for
    `delay_s`: a host that is away says nothing for long.

    `transient`: errors after which the others are still asked.

    Raises:
        The last of those errors: nobody answers; or any other, at once.
    """
    left, sent, waited = list(requests), list[asyncio.Task[T]](), set[asyncio.Task[T]]()
    error: BaseException | None = None
    try:
        while left or waited:
            if left:
                sent.append(asyncio.create_task(left.pop(0)()))
                waited.add(sent[-1])
            done, waited = await asyncio.wait(
                waited,
                timeout=delay_s if left else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                error = task.exception()
                if not isinstance(error, transient):
                    return task.result()
    finally:
        for task in sent:
            task.cancel()
        await asyncio.gather(*sent, return_exceptions=True)
    raise error or ValueError("nobody is there to be asked")
