"""Waiting on a condition."""

import time
from collections.abc import Callable


def until(check: Callable[[], object], what: str, *, seconds: float) -> None:
    """Returns when `check` is true.

    Raises:
        TimeoutError: it wasn't, `seconds` long; the message says `what` was awaited.
    """
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.1)
