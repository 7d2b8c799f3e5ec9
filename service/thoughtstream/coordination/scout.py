"""The scout of a server: the one service that hears of every write to any window there, so that a
plain XADD to a window that nobody has seen is found at once, and nobody else has to listen.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.coordination.membership import HEARTBEAT_S
from thoughtstream.coordination.registry import Registry
from thoughtstream.store.outages import is_withheld
from thoughtstream.store.subscription import Message, Subscription, subscription

_LOOK_AGAIN_S = 600.0
_PAUSE_OF_STEP = 50
"""Looking again, it rests so much longer than each step takes: a fiftieth of Redis, at most."""

_LOOK_S = 0.5
_PAUSE_OF_LOOK = 9

_MOST_TOLD = 1 << 18
"""So many windows it remembers to have announced: about 30 MB."""

log = structlog.get_logger()


class Scout:
    """Announces the windows of one server while `is_ours` says that this service is to."""

    def __init__(self, server: Redis, registry: Registry, is_ours: Callable[[], bool]) -> None:
        self._server = server
        self._registry = registry
        self._is_ours = is_ours
        self._told = set[bytes]()
        self._is_deaf = False

    async def run(self) -> None:
        """Until cancelled.

        Raises:
            ExceptionGroup of redis errors: Redis, or this connection to it, was lost; run it again.
        """
        while True:
            if self._is_ours():
                async with subscription(self._server) as told:
                    await self._scout(told)
            await asyncio.sleep(HEARTBEAT_S)

    async def _scout(self, told: Subscription) -> None:
        """Until another service is to."""
        self._told.clear()
        listens = asyncio.Event()
        self._is_deaf = False
        told.ask("PSUBSCRIBE", keys.write_channel(keys.WINDOW.glob, told.database))
        told.ask("SUBSCRIBE", keys.found_channel(told.database))
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._listen(told, listens)),
                group.create_task(self._look(listens)),
            ]
            while self._is_ours():  # noqa: ASYNC110  # as often as others may come
                await asyncio.sleep(HEARTBEAT_S)
            for task in tasks:
                task.cancel()

    async def _listen(self, told: Subscription, listens: asyncio.Event) -> None:
        prefix = len(keys.write_channel("", told.database))
        try:
            async for messages in told.batches():
                listens.set()
                self._forget(messages, keys.found_channel(told.database).encode())
                await self._announce({_key_of(message, prefix) for message in messages})
        except ResponseError as error:
            if not is_withheld(error):
                raise
            log.warning("windows.looked_for", error=str(error), cure="allow PSUBSCRIBE")
            self._is_deaf = True
            listens.set()

    async def _announce(self, heard: set[bytes]) -> None:
        new = heard - self._told
        if not new:
            return
        await self._registry.announce([key.decode(errors="surrogateescape") for key in new])
        if len(self._told) > _MOST_TOLD:
            self._told.clear()
        self._told |= new

    def _forget(self, messages: Sequence[Message], found: bytes) -> None:
        """Windows of minds that were deleted would be new again."""
        for channel, data in ((m[-2], m[-1]) for m in messages if m[0] == b"message"):
            mind = keys.deleted_mind(data.decode(errors="surrogateescape"))
            if mind is not None and channel == found:
                prefix = keys.WINDOW.key(mind=mind, window="_")[:-1].encode()
                self._told = {key for key in self._told if not key.startswith(prefix)}

    async def _look(self, listens: asyncio.Event) -> None:
        """Look through all keys: for windows that were made while nobody listened. Then again now
        and then, slowly, for what no notification tells: windows that were deleted, or restored.
        Where the server tells nobody of all windows, look all the time.
        """
        await listens.wait()
        clock = asyncio.get_running_loop().time
        pause_of_step = 0
        while True:
            began = started = clock()
            async for _ in self._registry.made_anew():
                await asyncio.sleep(pause_of_step * (clock() - started))
                started = clock()
            await self._registry.tidy()
            if self._is_deaf:
                await rest_after(clock() - began)
                continue
            pause_of_step = _PAUSE_OF_STEP
            await asyncio.sleep(_LOOK_AGAIN_S)


async def rest_after(took_s: float) -> None:
    """Between two looks through all keys, where nobody tells of them: a tenth of Redis, at most."""
    await asyncio.sleep(max(_LOOK_S, _PAUSE_OF_LOOK * took_s))


def _key_of(message: Message, prefix: int) -> bytes:
    """The key that a message is about; something that is no window's, if it is about none."""
    channel: bytes = message[-2]
    return channel[prefix:] if message[0] == b"pmessage" else b""
