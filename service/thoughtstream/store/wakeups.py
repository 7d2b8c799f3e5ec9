"""Wake-ups: Redis tells of new windows and of writes to watched ones, so that nothing is polled.

Notifications are pub/sub: what is written while nobody listens is not told. So whoever begins to
watch looks once afterwards, and a lost connection ends `listen` with an error: connect anew, then
look at everything once.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.store.outages import OUTAGES, is_not_now, is_withheld
from thoughtstream.store.subscription import Subscription, subscription

_PROBE_S = 1.0


@asynccontextmanager
async def wakeups(redis: Redis) -> AsyncIterator["Wakeups"]:
    """Notifications of this server. `begin`, then `listen` in a task of its own."""
    async with subscription(redis) as told:
        yield Wakeups(told)


class Wakeups:
    """What one server tells of: windows that are new, and writes to those that are watched."""

    def __init__(self, told: Subscription) -> None:
        self._told = told
        self._prefix = keys.write_channel("", told.database).encode()
        self._unconfirmed: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def begin(self, probe: str, write: Callable[[], Awaitable[None]]) -> bool:
        """Listen for new windows; returns whether the server really tells of writes.

        Finds out by having the stream `probe` written to. Who may not listen is told of nothing.
        """
        database = self._told.database
        channel = keys.write_channel(probe, database)
        self._told.ask("SUBSCRIBE", keys.found_channel(database), channel)
        await write()
        try:
            async with asyncio.timeout(_PROBE_S):
                async for messages in self._told.batches():
                    if [b"message", channel.encode(), b"xadd"] in messages:
                        self._say("UNSUBSCRIBE", [probe])
                        return True
        except TimeoutError:
            pass
        except ResponseError as error:
            if not is_withheld(error):
                raise
        return False

    async def watch(self, window_keys: Iterable[str]) -> None:
        """Be told of writes to these windows; returns when Redis has confirmed it.

        Raises:
            ConnectionError: the connection was lost.
        """
        await self._say("SUBSCRIBE", window_keys)

    def unwatch(self, window_keys: Iterable[str]) -> None:
        """Be told no more.

        Raises:
            ConnectionError: the connection was lost.
        """
        self._say("UNSUBSCRIBE", window_keys)

    def _say(self, command: str, window_keys: Iterable[str]) -> asyncio.Future[None]:
        """Resolved once Redis has confirmed it: it does so in the order in which it was asked."""
        channels = [keys.write_channel(key, self._told.database) for key in window_keys]
        self._told.ask(command, *channels)
        confirmed = asyncio.get_running_loop().create_future()
        self._unconfirmed.append((len(channels), confirmed))
        return confirmed

    async def listen(self) -> AsyncIterator[tuple[bool, list[str]]]:
        """Keys of windows, and whether they were written to; if not, they were announced. Runs
        until the connection fails.

        Raises:
            ConnectionError: the connection was lost; what was written since is not told.
        """
        try:
            async for messages in self._told.batches():
                for kind, channel, data in messages:
                    if kind != b"message":
                        self._confirm()
                    elif not channel.startswith(self._prefix):
                        yield False, _text(data).split("\n")
                    elif data == b"xadd":
                        yield True, [_text(channel[len(self._prefix) :])]
        finally:
            for _, confirmed in self._unconfirmed:
                confirmed.cancel()

    def _confirm(self) -> None:
        if not self._unconfirmed:  # of what `begin` asked
            return
        left, confirmed = self._unconfirmed.popleft()
        if left > 1:
            self._unconfirmed.appendleft((left - 1, confirmed))
        elif not confirmed.done():
            confirmed.set_result(None)


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


async def switch_on(redis: Redis) -> None:
    """Have the server send what we need, where we may say so (CONFIG SET); the rest is kept.

    The deployment renders the setting and does not let us change it, and a server that somebody
    else manages may know no CONFIG; whether notifications really come is for `Wakeups.begin` to
    find out.
    """
    wanted = set(keys.NOTIFY_EVENTS)
    try:
        answer = await redis.config_get("notify-keyspace-events")
        flags = set(answer.get("notify-keyspace-events") or "")
        if not wanted <= (flags | set("t") if "A" in flags else flags):
            await redis.config_set("notify-keyspace-events", "".join(sorted(flags | wanted)))
    except ResponseError as error:
        if isinstance(error, OUTAGES) or is_not_now(error):
            raise
