"""The process: finds minds, runs the attention of those it serves, stops gracefully."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from thoughtstream import keys
from thoughtstream.attention.attention import LIBRARY, Attention
from thoughtstream.attention.loop import AttentionLoop
from thoughtstream.attention.models import CycleReport
from thoughtstream.config import Settings
from thoughtstream.errors import MemoryFull, RedisUnavailable
from thoughtstream.memory.nights import Nights
from thoughtstream.store.connection import Client, open_client, typed_errors
from thoughtstream.store.membership import HEARTBEAT_S, Membership
from thoughtstream.store.wakeups import Wakeups, all_windows, switch_on
from thoughtstream.triggers import Triggers

_RETRY_S = 0.1
_LONGEST_RETRY_S = 2.0
_LOOK_S = 0.5
_MOST_AT_ONCE = 16

log = structlog.get_logger()


async def run(settings: Settings, url: str, *, on_ready: Callable[[], None]) -> None:
    """Serve every mind that is this service's share, until cancelled; waits for a lost Redis.

    `on_ready` is called once, when the service is a member and its minds are being attended.

    Raises:
        ConfigError: Redis refuses the user or the password.
    """
    redis = await _reach(settings, url)
    membership = Membership(redis)
    minds = Minds(redis, settings, membership)
    pause = _RETRY_S
    try:
        while True:
            try:
                with typed_errors():
                    await _shielded(_spell(redis, membership, minds, on_ready))
            except (RedisUnavailable, MemoryFull) as error:
                log.warning("redis.lost", error=str(error), retry_in_s=pause)
            pause = _RETRY_S if minds.attended_lately() else min(pause * 2, _LONGEST_RETRY_S)
            await asyncio.sleep(pause)
    finally:
        with suppress(RedisError):
            await membership.leave()
        await redis.aclose()


async def _reach(settings: Settings, url: str) -> Client:
    """A client, as soon as Redis answers."""
    pause = _RETRY_S
    while True:
        try:
            return await open_client(settings.redis, url)
        except RedisUnavailable as error:
            log.warning("redis.not_there", error=str(error), retry_in_s=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_RETRY_S)


async def _shielded(work: Coroutine[Any, Any, None]) -> None:
    """Wait for work in a task of its own, so that an error in it while we are being cancelled
    does not take the place of the cancellation (as it does in a task group).
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task})
    finally:
        task.cancel()
        await asyncio.wait({task})
    task.result()


async def _spell(
    redis: Client, membership: Membership, minds: "Minds", on_ready: Callable[[], None]
) -> None:
    """From getting Redis to losing it, which ends it with an error."""
    await LIBRARY.ensure(redis)
    await switch_on(redis)
    try:
        await membership.renew(0)
        async with _wakeups(redis, membership) as wakeups, asyncio.TaskGroup() as group:
            minds.begin(group, wakeups)
            group.create_task(_discover(redis, minds, wakeups, on_ready))
            group.create_task(_heartbeat(membership, minds))
            group.create_task(minds.triggers.run())
            group.create_task(minds.nights.run(lambda: minds.served))
    except BaseExceptionGroup as errors:
        raise _leaf(errors) from None


def _leaf(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@asynccontextmanager
async def _wakeups(redis: Client, membership: Membership) -> AsyncIterator[Wakeups | None]:
    """Notifications, or None where the server sends none: then windows are looked at instead."""
    if not isinstance(redis, Redis):
        yield None
        return
    wakeups = Wakeups(redis)
    try:
        probe = keys.SERVICE.key(id=membership.id)
        if await wakeups.begin(probe, lambda: membership.describe(0, 0)):
            yield wakeups
        else:
            log.warning("notifications.off", cure=f"notify-keyspace-events {keys.NOTIFY_EVENTS}")
            yield None
    finally:
        await wakeups.close()


async def _discover(
    redis: Client, minds: "Minds", wakeups: Wakeups | None, on_ready: Callable[[], None]
) -> None:
    """Look through all keys once, then be told; without notifications, look again and again."""
    listening = asyncio.create_task(_listen(minds, wakeups)) if wakeups else None
    try:
        while True:
            async for mind, window in all_windows(redis):
                minds.found(mind, window)
            on_ready()
            if listening is not None:
                return await listening
            await asyncio.sleep(_LOOK_S)
    finally:
        if listening is not None:
            listening.cancel()


async def _listen(minds: "Minds", wakeups: Wakeups) -> None:
    async for key in wakeups.listen():
        found = keys.window_of(key)
        if found is not None:
            minds.found(*found)


async def _heartbeat(membership: Membership, minds: "Minds") -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        if await membership.renew(len(minds.served)):
            log.info("services.changed", alive=sorted(membership.alive))
            minds.share()


class Minds:
    """The minds there are, and the loops of those that this service serves."""

    def __init__(self, redis: Client, settings: Settings, membership: Membership) -> None:
        self._membership = membership
        self.triggers = Triggers(redis, settings)
        self.nights = Nights(redis, settings)
        self._target_ms = settings.streams.cycle_target_ms
        self._attention = Attention(redis, settings.streams)
        self._turns = asyncio.Semaphore(_MOST_AT_ONCE)
        self._loops: dict[str, AttentionLoop] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._wakeups: Wakeups | None = None
        self._last_cycle = float("-inf")

    def begin(self, group: asyncio.TaskGroup, wakeups: Wakeups | None) -> None:
        """A spell begins: loops run in its task group."""
        self._group, self._wakeups = group, wakeups
        self._tasks.clear()
        self.share()

    def found(self, mind: str, window: str) -> None:
        """A window exists, or was written to."""
        loop = self._loops.get(mind)
        if loop is None:
            loop = self._loops[mind] = self._new_loop(mind)
        loop.add(window)
        self._attend(mind)

    def share(self) -> None:
        """Services came or went: take up the minds that are ours now, leave the others."""
        for mind in self._loops:
            self._attend(mind)

    @property
    def served(self) -> tuple[str, ...]:
        """The minds that this service serves."""
        return tuple(self._tasks)

    def attended_lately(self) -> bool:
        """Whether a cycle has run in the last seconds."""
        return asyncio.get_running_loop().time() - self._last_cycle < _LONGEST_RETRY_S

    def _attend(self, mind: str) -> None:
        if not self._membership.serves(mind):
            task = self._tasks.pop(mind, None)
            if task is not None:
                task.cancel()
        elif mind not in self._tasks and self._group is not None:
            self._tasks[mind] = self._group.create_task(self._loops[mind].run(self._wakeups))

    def _new_loop(self, mind: str) -> AttentionLoop:
        return AttentionLoop(
            self._attention,
            mind,
            target_ms=self._target_ms,
            turns=self._turns,
            on_cycle=self._cycled,
        )

    def _cycled(self, mind: str, report: CycleReport) -> None:
        if report.attended is not None:
            self.triggers.attended(mind, report.attended)
        self._last_cycle = asyncio.get_running_loop().time()
