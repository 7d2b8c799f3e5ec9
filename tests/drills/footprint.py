"""The memory that a server uses during a drill, which has to be flat."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from statistics import median
from threading import Event, Thread
from typing import Any

import redis

from tests.drills.findings import Finding
from tests.servers import RedisServer

Samples = list[tuple[float, int]]
"""(Part of the drill's time, bytes used), again and again."""

_GROWTH_ALLOWED = 0.2
_SLACK_BYTES = 2 << 20
_SAMPLE_S = 0.2


@contextmanager
def measuring(server: RedisServer, seconds: float, used: Samples) -> Iterator[None]:
    """Notes the memory that a server uses, until the end of the block."""
    over, started = Event(), time.monotonic()

    def measure() -> None:
        while not over.wait(_SAMPLE_S):
            with suppress(redis.RedisError):
                used.append(((time.monotonic() - started) / seconds, _used_memory(server)))

    thread = Thread(target=measure)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _used_memory(server: RedisServer) -> int:
    with server.client() as client:
        info: Any = client.info("memory")
        return int(info["used_memory"])


def flat(used: Samples) -> Finding:
    """The second third of the time (the first is for warming up) against the last."""
    before = [n for part, n in used if 1 / 3 <= part < 2 / 3]
    after = [n for part, n in used if part >= 2 / 3]
    if not before or not after:
        return Finding("memory flat over the soak", "measured", "not measured", False)
    first, last = median(before), median(after)
    most = first * (1 + _GROWTH_ALLOWED) + _SLACK_BYTES
    said = f"{first / 2**20:.1f} MB, then {last / 2**20:.1f} MB"
    return Finding(
        "memory flat over the soak", f"at most {most / 2**20:.1f} MB", said, last <= most
    )
