"""Wake-ups: Redis tells of new windows and of writes to watched ones, so that nothing is polled.

Keyspace notifications are pub/sub: what is written while nobody listens is not told. So whoever
begins to watch looks once afterwards, and a lost connection ends `listen` with an error: connect
anew, then look at everything once (`windows`).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError, NoPermissionError

from thoughtstream import keys
from thoughtstream.store.shields import undisturbed

_PROBE_S = 1.0


class _Listener(PubSub):
    """Ends with its connection. The client library's own connects anew by itself, and several tasks
    use it here: two of them would connect at once, or one take from the other what it sends on.
    """

    async def connect(self) -> None:
        self._ensure_it_is_not_lost()
        await super().connect()  # type: ignore[no-untyped-call]

    async def parse_response(self, *args: Any, **options: Any) -> Any:
        self._ensure_it_is_not_lost()
        return await super().parse_response(*args, **options)

    async def _reconnect(self, conn: Any, *_: Any, **__: Any) -> None:
        await conn.disconnect()

    def _ensure_it_is_not_lost(self) -> None:
        if self.connection is not None and not self.connection.is_connected:
            raise ConnectionError("the connection that tells of writes was lost")


class Wakeups:
    """Notifications of one server. `begin`, then `listen` in a task of its own. What others say on
    the same connection is said to the end: cut off in the middle, it would be lost for all.
    """

    def __init__(self, redis: Redis) -> None:
        self._pubsub = _Listener(redis.connection_pool)
        self._confirmed: dict[str, asyncio.Future[None]] = {}

    async def begin(self, probe: str, make: Callable[[], Awaitable[None]]) -> bool:
        """Listen for new keys; returns whether the server really tells of them.

        Finds out by having the key `probe` made.
        """
        await self._pubsub.subscribe(keys.NEW_KEY_CHANNEL)
        await make()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PROBE_S):
                while True:
                    message = await self._pubsub.get_message(timeout=None)
                    if message and message["type"] == "message" and message["data"] == probe:
                        return True
        return False

    async def close(self) -> None:
        """Stop listening."""
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]

    async def watch(self, window_keys: Iterable[str]) -> None:
        """Be told of writes to these windows; returns when Redis has confirmed it."""
        channels = [keys.write_channel(key) for key in window_keys]
        loop = asyncio.get_running_loop()
        waiting = {channel: loop.create_future() for channel in channels}
        self._confirmed.update(waiting)
        await undisturbed(self._pubsub.subscribe(*channels))
        await asyncio.gather(*waiting.values())

    async def unwatch(self, window_keys: Iterable[str]) -> None:
        """Be told no more."""
        channels = [keys.write_channel(key) for key in window_keys]
        await undisturbed(self._pubsub.unsubscribe(*channels))

    async def listen(self) -> AsyncIterator[str]:
        """The keys of windows that were made or written to. Runs until the connection fails.

        Raises:
            RedisError: the connection was lost; what was written since is not told.
        """
        try:
            while True:
                message = await self._pubsub.get_message(timeout=None)
                if message is None:
                    continue
                key = self._key_of(message)
                if key is not None:
                    yield key
        finally:
            for future in self._confirmed.values():
                future.cancel()

    def _key_of(self, message: dict[str, str]) -> str | None:
        if message["type"] == "subscribe":
            future = self._confirmed.pop(message["channel"], None)
            if future is not None and not future.done():
                future.set_result(None)
        if message["type"] != "message":
            return None
        if message["channel"] == keys.NEW_KEY_CHANNEL:
            return message["data"]
        return message["channel"].partition(":")[2] if message["data"] == "xadd" else None


async def all_windows(redis: Redis) -> AsyncIterator[tuple[str, str]]:
    """(mind, window) of every window there is. Looks through all keys of the server (SCAN)."""
    async for key in redis.scan_iter(match=keys.WINDOW.glob, count=1000):
        found = keys.window_of(key)
        if found is not None:
            yield found


async def switch_on(redis: Redis) -> None:
    """Have the server send what we need, where we may say so (CONFIG SET); the rest is kept.

    The deployment renders the setting and does not let us change it; whether notifications really
    come is for `Wakeups.begin` to find out.
    """
    wanted = set(keys.NOTIFY_EVENTS)
    with suppress(NoPermissionError):
        answer = await redis.config_get("notify-keyspace-events")
        flags = set(answer.get("notify-keyspace-events") or "")
        if not wanted <= (flags | set("t") if "A" in flags else flags):
            await redis.config_set("notify-keyspace-events", "".join(sorted(flags | wanted)))
