"""A rolling audit: a few minds at each reading, so that all have their turn by and by."""

from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.attention.attention import Attention
from thoughtstream.faces.metrics.series import Series
from thoughtstream.measuring import redis as metrics
from thoughtstream.store.client import Client

AT_ONCE = 50
"""Minds that are audited at each reading: some 50 ms of work for Redis, in steps of its own."""


class Audits:
    """When each mind was audited last, and what was found."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._known: dict[str, tuple[float, int]] = {}

    async def go_on(self, redis: Client, minds: Sequence[str], now: float) -> list[Series]:
        """Audit those of these minds, all there are, whose turn it is; then what is known of all. A
        mind that had no turn yet counts from when it was first seen.
        """
        known = {mind: self._known.get(mind, (now, 0)) for mind in minds}
        unaudited = known.keys() - self._known.keys()
        by_turn = sorted(known, key=lambda mind: (mind not in unaudited, known[mind][0]))
        for mind in by_turn[: self._at_once]:
            known[mind] = now, await _faults(redis, mind)
        self._known = known
        oldest = min((at for at, _ in known.values()), default=now)
        return [
            Series(metrics.DIFFERENCE, sum(faults for _, faults in known.values())),
            Series(metrics.AUDIT_AGE, now - oldest),
        ]


async def _faults(redis: Client, mind: str) -> int:
    """How many; a key that is not what it should be is one."""
    try:
        named: Any = await redis.smembers(keys.WINDOWS.key(mind=mind))
        windows = {*keys.STANDARD_WINDOWS, *map(keys.decode_name, named)}
        return len((await Attention(redis).audit(mind, tuple(sorted(windows)))).faults)
    except ResponseError:
        return 1
