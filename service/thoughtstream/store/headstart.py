"""Several are asked the same, and whoever answers first is taken."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

Question = Callable[[], Coroutine[Any, Any, T]]


async def first_answer(
    questions: Sequence[Question[T]], head_start_s: float, passing: tuple[type[Exception], ...]
) -> T:
    """Each is asked as soon as the one before it has failed, or was silent for `head_start_s`: a
    host that is away says nothing for long.

    `passing`: errors after which the others are still asked.

    Raises:
        The last of those errors: nobody answers; or any other, at once.
    """
    left, asked, waited = list(questions), list[asyncio.Task[T]](), set[asyncio.Task[T]]()
    error: BaseException | None = None
    try:
        while left or waited:
            if left:
                asked.append(asyncio.create_task(left.pop(0)()))
                waited.add(asked[-1])
            done, waited = await asyncio.wait(
                waited,
                timeout=head_start_s if left else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                error = task.exception()
                if not isinstance(error, passing):
                    return task.result()
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    raise error or ValueError("nobody is there to be asked")
