"""Whether a mind has slept, and what that did."""

from collections import Counter
from typing import Any

from thoughtstream import keys
from thoughtstream.store.client import Client

_MOVES = ("replayed", "merged", "distilled")


class Sleeping:
    """Follows the sleep of a mind from when it is first read."""

    def __init__(self, mind: str) -> None:
        self._mind = mind
        self._slept_at: str | None = None
        self._session: str | None = None
        self._has_looked = False

    async def read(self, redis: Client) -> dict[str, Any] | None:
        """{session, replayed, merged, distilled}, if it slept since the last look."""
        wanted = ("slept_at", "session", "fence")
        answer: Any = await redis.hmget(keys.SLEEP.key(mind=self._mind), wanted)
        slept_at, session, fence = answer
        before, self._slept_at = self._slept_at, slept_at
        ended, self._session = self._session or fence, session
        is_first, self._has_looked = not self._has_looked, True
        if is_first or slept_at == before or not ended:
            return None
        log = keys.CONSOLIDATION.key(mind=self._mind, session=ended)
        moves: Any = await redis.hkeys(log)
        counts = Counter(move.partition(" ")[0] for move in moves)
        return {"session": ended, **{what: counts[what] for what in _MOVES}}
