"""The process: finds minds, runs the attention of those it serves, stops gracefully.

Each server is served for itself: what is lost with one of a cluster is lost for its minds only,
until another one has taken over.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from thoughtstream import keys
from thoughtstream.backoff import Backoff
from thoughtstream.config import ConfigError, Settings
from thoughtstream.coordination.membership import HEARTBEAT_S, Membership
from thoughtstream.coordination.registry import Registry
from thoughtstream.coordination.scout import Scout, rest_after
from thoughtstream.errors import MemoryFull, RedisUnavailable, ThoughtstreamError
from thoughtstream.health.aof_repair import AofRepair
from thoughtstream.health.sampler import Sampler
from thoughtstream.libraries import LIBRARIES
from thoughtstream.measuring.measures import Measures
from thoughtstream.measuring.service import BUILD, SERVICE
from thoughtstream.measuring.serving import measures
from thoughtstream.minds import LATELY_S, Minds
from thoughtstream.store.client import Client
from thoughtstream.store.connection import open_client, typed_errors
from thoughtstream.store.shields import retrieved
from thoughtstream.store.wakeups import Wakeups, switch_on, wakeups
from thoughtstream.tracing.choosing import traces

_RETRY_S = 0.1
_LONGEST_RETRY_S = LATELY_S
_LONGEST_TROUBLE_S = 10.0
_LOOK_S = 0.5
_NO_BEAT_S = 5 * HEARTBEAT_S

Work = Callable[[], Coroutine[Any, Any, None]]

log = structlog.get_logger()


async def run(settings: Settings, url: str, *, on_ready: Callable[[], None]) -> None:
    """Serve every mind that is this service's share, until cancelled; waits for a lost Redis.

    `on_ready` is called once, when the service is a member and its minds are being attended.

    Raises:
        ConfigError: Redis refuses the user or the password; traces are wanted without their extra.
    """
    traces(settings.traces)  # refused before anything begins
    with measures(SERVICE, settings.metrics.port) as its:
        its.say(BUILD, version=version("thoughtstream"), redis_py=version("redis"))
        await _run(settings, url, its, on_ready)


async def _run(
    settings: Settings, url: str, measures: Measures, on_ready: Callable[[], None]
) -> None:
    redis = await _reach(settings, url)
    membership = Membership(redis, settings.agents)
    minds = Minds(redis, settings, membership, measures)
    service = _Service(redis, membership, minds, on_ready)
    measures.vouch(service.is_well)
    logs = asyncio.create_task(AofRepair(redis).run())
    memory = asyncio.create_task(Sampler(redis, settings.budgets).run())
    try:
        await _lasting(minds, lambda: _shielded(service.serve()))
    finally:
        logs.cancel()
        memory.cancel()
        try:
            with suppress(ThoughtstreamError, RedisError):
                await membership.leave()
        finally:
            await redis.aclose()


async def _lasting(minds: Minds, work: Work) -> None:
    """Do it again and again while Redis is lost, until it ends by itself. So, too, if a key that is
    no mind's was spoilt by others: what does without it goes on.

    Raises:
        ConfigError: Redis refuses the user or the password.
    """
    clock = asyncio.get_running_loop().time
    backoff, trouble = Backoff(_RETRY_S, _LONGEST_RETRY_S), Backoff(_RETRY_S, _LONGEST_TROUBLE_S)
    while True:
        began = clock()
        try:
            with typed_errors():
                return await work()
        except (RedisUnavailable, MemoryFull) as error:
            if minds.attended_lately():
                backoff.reset()
            kind = "full" if isinstance(error, MemoryFull) else "lost"
            minds.disrupted(kind)
            log.warning(f"redis.{kind}", error=str(error), retry_in_s=backoff.seconds)
            await backoff.pause()
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, all else goes on
            if clock() - began > _LONGEST_TROUBLE_S:
                trouble.reset()
            minds.disrupted("trouble")
            log.error("service.trouble", error=repr(error), cure="thoughtstream doctor",
                      retry_in_s=trouble.seconds)  # fmt: skip
            await trouble.pause()


async def _reach(settings: Settings, url: str) -> Client:
    """A client, as soon as Redis answers."""
    backoff = Backoff(_RETRY_S, _LONGEST_RETRY_S)
    while True:
        try:
            return await open_client(settings.redis, url)
        except RedisUnavailable as error:
            log.warning("redis.not_there", error=str(error), retry_in_s=backoff.seconds)
        await backoff.pause()


async def _shielded(work: Coroutine[Any, Any, None]) -> None:
    """Wait for work in a task of its own, so that an error in it while we are being cancelled
    does not take the place of the cancellation (as it does in a task group).
    """
    task = asyncio.create_task(work)
    task.add_done_callback(retrieved)
    try:
        await asyncio.wait({task})
    finally:
        task.cancel()
        await asyncio.wait({task})
    task.result()


async def _start_shielded(work: Work) -> None:
    await _shielded(work())


class _Service:
    """What is under way while Redis is there."""

    def __init__(
        self,
        redis: Client,
        membership: Membership,
        minds: Minds,
        on_ready: Callable[[], None],
    ) -> None:
        self._redis = redis
        self._membership = membership
        self._minds = minds
        self._on_ready = on_ready
        self._beat_at = time.monotonic()

    def is_well(self) -> bool:
        """Whether its heart has beaten in the last seconds: the loop goes round, and Redis answers.
        From any thread.
        """
        return time.monotonic() - self._beat_at < _NO_BEAT_S

    async def serve(self) -> None:
        """From getting Redis to losing it, which ends it with an error."""
        await self._begin()
        try:
            async with asyncio.TaskGroup() as group:
                for work in self._beside():
                    lasting = _lasting(self._minds, partial(_start_shielded, work))
                    group.create_task(lasting)
                await self._follow(group)
        except BaseExceptionGroup as errors:
            raise _leaf(errors) from None

    async def _begin(self) -> None:
        """Be a member, if that can be: a service that others don't know of serves all minds."""
        try:
            with typed_errors():
                await self._membership.renew(0)
        except (RedisUnavailable, MemoryFull, ConfigError):
            raise
        except (ThoughtstreamError, RedisError) as error:
            log.error("services.unknown", error=str(error), cure="thoughtstream doctor")

    def _beside(self) -> list[Work]:
        minds = self._minds
        sleep = lambda: minds.sleep_schedule.run(lambda: minds.served)  # noqa: E731
        return [
            self._heartbeat,
            minds.run,
            minds.note,
            minds.rhythm.tick,
            minds.triggers.run,
            minds.embedding.run,
            sleep,
        ]

    async def _heartbeat(self) -> None:
        minds = self._minds
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            said = {"faults": minds.faults.told(), "rhythm": minds.rhythm.said()}
            changed = await self._membership.renew(len(minds.served), **said)
            self._beat_at = time.monotonic()
            if changed:
                log.info("services.changed", alive=sorted(self._membership.alive))
                minds.share()

    async def _follow(self, group: asyncio.TaskGroup) -> None:
        """Serve each server that has keys, and follow the minds from one to another."""
        tasks: dict[str, asyncio.Task[None]] = {}
        tried, served, news = set[str](), set[str](), asyncio.Event()
        ready, layout = False, -1

        def looked(name: str, well: bool) -> None:
            tried.add(name)
            served.update({name} if well else ())
            news.set()

        while True:
            servers = set(await self._redis.servers())
            for gone in tasks.keys() - servers:
                tasks.pop(gone).cancel()
            for server in servers - tasks.keys():
                tasks[server] = group.create_task(self._keep_serving(server, looked))
            if layout != self._redis.layout:
                layout = self._redis.layout
                self._minds.share()
            if not ready and served and tried >= servers:
                self._on_ready()
                ready = True
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await news.wait()
            news.clear()

    async def _keep_serving(self, name: str, looked: Callable[[str, bool], None]) -> None:
        """Serve one server for as long as it has keys; tells when it has looked there, and when it
        could not.
        """

        async def serve() -> None:
            try:
                async with self._redis.at(name) as server:
                    await self._serve_server(server, name, lambda: looked(name, True))
            finally:
                looked(name, False)

        await _lasting(self._minds, lambda: _shielded(serve()))

    async def _serve_server(self, server: Redis, name: str, on_looked: Callable[[], None]) -> None:
        for library in LIBRARIES:
            await library.ensure(server)
        await switch_on(server)
        registry = Registry(self._redis, server, name)
        try:
            async with wakeups(server) as offered, asyncio.TaskGroup() as group:
                told = offered if await self._tells(offered, registry) else None
                with self._minds.on(name, group, told):
                    scout = Scout(server, registry, lambda: self._membership.serves(name))
                    scouting = partial(_start_shielded, partial(_ungrouped, scout.run))

                    def looked() -> None:
                        on_looked()
                        if told is not None:
                            group.create_task(_lasting(self._minds, scouting))

                    await self._discover(registry, told, looked)
        except BaseExceptionGroup as errors:
            raise _leaf(errors) from None

    async def _tells(self, offered: Wakeups, registry: Registry) -> bool:
        """Whether there are notifications; without them windows are looked at instead."""
        probe = registry.key_here(keys.PROBE, self._membership.id)
        if await offered.begin(probe, lambda: registry.probe(probe)):
            return True
        cure = f"notify-keyspace-events {keys.NOTIFY_EVENTS}, and allow SUBSCRIBE"
        log.warning("notifications.off", cure=cure, until_then="windows are looked for")
        return False

    async def _discover(
        self, registry: Registry, told: Wakeups | None, on_looked: Callable[[], None]
    ) -> None:
        """Read the registry, then be told; without notifications, look through all keys on and
        on.
        """
        if told is None:
            clock = asyncio.get_running_loop().time
            while True:
                began = clock()
                await self._look(registry.windows())
                on_looked()
                await rest_after(clock() - began)
        listening = asyncio.create_task(self._listen(told))
        try:
            if not await self._look(registry.known()):
                await self._look(registry.made_anew())
            on_looked()
            await listening
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _look(self, pages: AsyncIterator[list[str]]) -> bool:
        """Find the windows on these pages; returns whether they say that those are all."""
        complete = False
        async for page in pages:
            complete = complete or keys.ALL_FOUND in page
            for mind, window in _windows(page):
                self._minds.known(mind, window)
            await asyncio.sleep(0)
        return complete

    async def _listen(self, told: Wakeups) -> None:
        async for written, window_keys in told.listen():
            for mind in filter(None, map(keys.deleted_mind, window_keys)):
                self._minds.deleted(mind)
            tell = self._minds.written if written else self._minds.known
            for mind, window in _windows(window_keys):
                tell(mind, window)


def _windows(window_keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(mind, window) of those that are windows' keys."""
    return (found for key in window_keys if (found := keys.window_of(key)))


async def _ungrouped(work: Work) -> None:
    try:
        await work()
    except BaseExceptionGroup as errors:
        raise _leaf(errors) from None


def _leaf(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
