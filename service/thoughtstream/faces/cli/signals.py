"""Ending in good order at the first signal, and at once at the second."""

import signal
from collections.abc import Callable
from types import FrameType

import structlog

PATIENCE_S = 5.0
"""A process that was told to end may go on for so long, before it is told again."""

log = structlog.get_logger()


def stop_on(stop: Callable[[int], None], at_once: Callable[[int], None]) -> None:
    """`stop` is called with the first SIGTERM or SIGINT, `at_once` with each that follows.

    By `signal.signal`, since a task that blocks the event loop would keep its handlers waiting.
    """
    got: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        got.append(number)
        if len(got) == 1:
            log.info("worker.stopping", signal=signal.Signals(number).name)
            stop(number)
        else:
            at_once(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
