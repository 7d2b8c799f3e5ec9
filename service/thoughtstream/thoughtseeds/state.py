"""What the loop leaves behind in Redis: the level, the flow, and the basins.

Pulls of basins are added by Redis itself: any number of loops may deepen one and lose nothing.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from thoughtstream import keys
from thoughtstream.inference.basins import concept, pull
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

_MOST_BASINS = 10_000


class State:
    """Of one mind. Errors: RedisUnavailable, and MemoryFull of `write`."""

    def __init__(self, redis: Client, mind: str) -> None:
        self._redis: Any = redis
        self._level = keys.CONSCIOUSNESS.key(architecture=mind)
        self._flow = keys.RIVER.key(stream=mind)
        self._basins = keys.BASINS.key(space=mind)

    async def write(
        self, level: Mapping[str, float], flow: Mapping[str, Any], text: str, activation: float
    ) -> None:
        """The level and the flow now, and a visit of this text to its basin."""
        with typed_errors():
            await self._redis.set(self._level, json.dumps(level), ex=keys.CONSCIOUSNESS.ttl_s)
            await self._redis.set(self._flow, json.dumps(flow), ex=keys.RIVER.ttl_s)
            if about := concept(text):
                await self._redis.zincrby(self._basins, pull(activation), about)
                await self._redis.zremrangebyrank(self._basins, 0, -_MOST_BASINS - 1)

    async def basins(self, most: int) -> dict[str, float]:
        """The deepest, by concept: how deep, 0 to 1."""
        with typed_errors():
            found = await self._redis.zrevrange(self._basins, 0, most - 1, withscores=True)
        return {about: 1 - math.exp(-score) for about, score in found}

    async def level(self) -> dict[str, float]:
        """As written last; empty after a day."""
        with typed_errors():
            text = await self._redis.get(self._level)
        return json.loads(text) if text else {}
