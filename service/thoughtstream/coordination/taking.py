"""Taking out of a queue by hand, for whoever is no worker: a few at a time, or waiting for one."""

import time

from thoughtstream.coordination.models import Claim
from thoughtstream.coordination.queue import Queue

LISTEN_S = 5.0
"""So long one listening lasts."""


async def taken(queue: Queue, me: str, most: int, wait_s: float = 0) -> list[Claim]:
    """Claim up to so many, in the order of the queue; waits for the first one, if told so."""
    end = time.monotonic() + wait_s
    while True:
        left_s = max(min(end - time.monotonic(), LISTEN_S), 0)
        round_ = await queue.round(me, claim=most, idle_ms=int(left_s * 1000))
        if round_.claims or not left_s:
            late = [] if round_.claims or not wait_s else await _handed_over(queue, me, 0.001)
            return [*round_.claims, *late]
        due_s = left_s if round_.due_ms is None else (round_.due_ms + 1) / 1000
        claims = await _handed_over(queue, me, max(min(left_s, due_s), 0.001))
        if claims:
            return claims


async def _handed_over(queue: Queue, me: str, most_s: float) -> list[Claim]:
    rung = await queue.listen(me, most_s)
    return [Claim.of(*rung.split("\n", 2))] if rung else []
