"""A sleep that ends before its end."""

from collections.abc import Callable


class Killed(Exception):
    """Nobody catches it."""


def killer(steps: int) -> Callable[[int, int], None]:
    """Progress that ends a sleep after so many steps."""
    left = iter(range(steps - 1))

    def on_progress(done: int, total: int) -> None:
        if next(left, None) is None:
            raise Killed

    return on_progress
