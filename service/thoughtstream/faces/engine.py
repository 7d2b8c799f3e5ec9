"""The one Redis of the process: its minds and its colony, for any number of requests."""

import asyncio
from collections import OrderedDict

from thoughtstream import Colony, Mind
from thoughtstream.config import Settings
from thoughtstream.faces.overview import redis_url
from thoughtstream.store.client import Client
from thoughtstream.store.connection import open_client

_MOST_MINDS = 256
"""Each keeps what recall knows of its memories."""


class Engine:
    """Connects when it is first asked: whoever serves people is up before Redis is."""

    def __init__(self, settings: Settings, redis: Client | None = None) -> None:
        """`redis`: a connection that is there; whoever gives it closes it."""
        self.settings = settings
        self._redis = redis
        self._is_ours = redis is None
        self._connecting = asyncio.Lock()
        self._minds: OrderedDict[str, Mind] = OrderedDict()
        self._colony: Colony | None = None

    async def redis(self) -> Client:
        """The connection.

        Raises:
            RedisUnavailable: nothing answers there. ConfigError: it refuses us.
        """
        if self._redis is None:
            async with self._connecting:
                if self._redis is None:
                    self._redis = await open_client(self.settings.redis, redis_url(self.settings))
        return self._redis

    async def mind(self, name: str) -> Mind:
        """A mind by its name.

        Raises:
            InvalidThought: the name can be none; RedisUnavailable: see `redis`.
        """
        mind = self._minds.pop(name, None) or Mind(name, await self.redis(), self.settings)
        self._minds[name] = mind
        if len(self._minds) > _MOST_MINDS:
            self._minds.popitem(last=False)
        return mind

    async def colony(self) -> Colony:
        """What agents share.

        Raises:
            RedisUnavailable: see `redis`.
        """
        if self._colony is None:
            self._colony = Colony(await self.redis(), self.settings)
        return self._colony

    async def aclose(self) -> None:
        """Disconnect."""
        if self._colony is not None:
            await self._colony.cache.aclose()
        if self._redis is not None and self._is_ours:
            await self._redis.aclose()
