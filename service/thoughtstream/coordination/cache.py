"""The generation cache: what was expensive to compute is computed once, and kept for a while.

A value is a bare JSON string under the key that plain clients use: what they write with SETEX is a
hit here, and what is written here they GET. A hit is one GET. On a miss, one Function says whether
to compute or to wait for whoever does. Of all processes one computes, under a lease that it renews,
and the others are woken when it has ended.

What is promised: while Redis keeps a flight, nobody else computes that value, and what was computed
never replaces what `set`, `delete` or a later computation have made of it meanwhile. A flight may
be evicted, or its lease end: then a second computation may begin, and what the first one brings is
refused and only returned to whoever asked for it. Writes of plain clients have no fence: there, the
last one stays.
"""

import asyncio
import contextlib
import inspect
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal

import structlog
from pydantic_core import from_json

from thoughtstream import keys
from thoughtstream.config import CacheConfig
from thoughtstream.coordination.early import Ends
from thoughtstream.errors import InvalidValue, MemoryFull, RedisUnavailable
from thoughtstream.store.calls import ERRORS
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors
from thoughtstream.store.functions import Library
from thoughtstream.store.shields import retrieved, undisturbed

LIBRARY = Library(Path(__file__).parent / "lua" / "cache.lua")

Compute = Callable[[], Any | Awaitable[Any]]
"""Async, or plain: then it runs in a thread, so that its lease can be renewed."""

_End = Literal["ended", "not kept"]

_LISTEN_S = 5.0
"""Who waits for longer asks again: whoever computes may have renewed the lease."""

_MOST_AT_ONCE = 100
"""Connections that ask, and as many that listen: a thousand callers are too many for one server."""

_AGAIN_S = 1.0
"""What fails in the background is tried again after so long, unless the value ends before."""

_NEVER_ENDS = -1
"""What PTTL says of a value that somebody else has written without a time to live."""

log = structlog.get_logger()


def _name(family: keys.Family, key: str) -> str:
    try:
        return family.key(key=key)
    except ValueError as error:
        raise InvalidValue(f"{error}; for a long one take a hash of it") from None


def _loads(text: str) -> Any:
    """Source code is parsed four times as fast so; what this parser refuses, json may not."""
    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)


class _Values:
    """JSON values of one family of keys."""

    family: keys.Family

    def __init__(self, redis: Client, config: CacheConfig | None = None) -> None:
        self.config = config or CacheConfig()
        self._redis = redis
        self._asking = asyncio.Semaphore(_MOST_AT_ONCE)
        self._name = lru_cache(10_000)(partial(_name, self.family))

    async def get(self, key: str, default: Any = None) -> Any:
        """The value; `default` if there is none. A value may be None, too.

        Raises:
            InvalidValue: somebody else has written there what is no JSON.
            RedisUnavailable.
        """
        text = await self._text(key)
        return default if text is None else self._loads(key, text)

    async def _text(self, key: str) -> str | None:
        name = self._name(key)
        try:
            async with self._asking:
                return await self._redis.execute_command("GET", name)  # type: ignore[no-any-return]
        except ERRORS:
            with typed_errors():
                raise

    def _loads(self, key: str, text: str) -> Any:
        try:
            return _loads(text)
        except ValueError as error:
            raise InvalidValue(
                f"{self._name(key)}: holds no JSON ({error}); delete it, or have whoever writes it "
                "use json.dumps"
            ) from None

    def _dumps(self, value: Any) -> str:
        """ASCII, as json.dumps does it, so that any text survives any client.

        Raises:
            InvalidValue: it is no JSON.
        """
        try:
            return json.dumps(value, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidValue(
                f"value: is no JSON ({error}); give what json.dumps takes, and no NaN"
            ) from None

    def _check_size(self, text: str) -> None:
        if len(text) > self.config.value_bytes:
            raise InvalidValue(
                f"value: has {len(text):,} bytes as JSON; the most is {self.config.value_bytes:,} "
                "(cache.value_bytes): keep what is large elsewhere, and here where it is"
            )

    def _ms(self, ttl_s: float) -> int:
        most = 1e9 if self.family is keys.CACHE else self.family.ttl_s or 0
        if not 0.001 <= ttl_s <= most:
            raise InvalidValue(f"ttl_s: is {ttl_s}; give seconds, 0.001 to {most:.0f}")
        return round(ttl_s * 1000)


class GenerationCache(_Values):
    """The cache. Values are computed anew in the background: `aclose` it, or use `async with`."""

    family = keys.CACHE

    def __init__(self, redis: Client, config: CacheConfig | None = None) -> None:
        super().__init__(redis, config)
        self._ends = Ends()
        self._flights: dict[str, asyncio.Future[str | None]] = {}
        self._refreshing: dict[str, asyncio.Task[None]] = {}
        self._listening = asyncio.Semaphore(_MOST_AT_ONCE)
        self._lease_ms = self.config.lease_s * 1000

    async def __aenter__(self) -> "GenerationCache":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End what goes on in the background. The connection is not closed."""
        tasks = list(self._refreshing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def set(self, key: str, value: Any, *, ttl_s: float | None = None) -> None:
        """Keep a value; whoever computes it just now is too late.

        Raises:
            InvalidValue: it is no JSON, or too large; nothing was written.
            MemoryFull, RedisUnavailable.
        """
        text, ttl_ms = self._dumps(value), self._ttl_ms(ttl_s)
        self._check_size(text)
        await self._call("put", key, text, ttl_ms)
        self._ends.note(key, ttl_ms / 1000, 0)

    async def delete(self, key: str) -> bool:
        """Drop a value; whoever computes it just now is too late. Returns whether it was there."""
        self._ends.forget(key)
        return bool(await self._call("delete", key))

    async def get_or_compute(
        self, key: str, compute: Compute, *, ttl_s: float | None = None
    ) -> Any:
        """The value; computed if there is none, by one of all who ask for it. What everybody gets,
        the one who computed it too, is what JSON makes of it.

        Near its end it is computed anew in the background. An error of `compute` goes to whoever
        called, and the next who waits computes. If what was computed is too large, or Redis has no
        room for it or is lost in the meantime, it is returned all the same, and that is logged.

        Raises:
            InvalidValue: what was computed is no JSON.
            RedisUnavailable: before anything was computed.
        """
        ttl_ms = self._ttl_ms(ttl_s)
        text = await self._text(key)
        if text is not None:
            try:
                value = self._loads(key, text)
            except InvalidValue as error:
                log.warning("cache.no_json", error=str(error))
                await self.delete(key)
            else:
                self._refresh_in_time(key, compute, ttl_ms)
                return value
        return self._loads(key, await self._miss(key, compute, ttl_ms))

    # --- a miss --------------------------------------------------------------------------------
    async def _miss(self, key: str, compute: Compute, ttl_ms: int) -> str:
        """One of the callers in this process asks for all; if it fails, the next does."""
        while (flight := self._flights.get(key)) is not None:
            text = await asyncio.shield(flight)
            if text is not None:
                return text
        flight = self._flights[key] = asyncio.get_running_loop().create_future()
        text = None
        try:
            text = await self._compute_or_wait(key, compute, ttl_ms)
        finally:
            del self._flights[key]
            flight.set_result(text)
        return text

    async def _compute_or_wait(self, key: str, compute: Compute, ttl_ms: int) -> str:
        me = uuid.uuid4().hex
        while True:
            try:
                said, *rest = await self._call("begin", key, me, self._lease_ms)
            except MemoryFull:
                return self._dumps(await _run(compute))
            if said == "value":
                return str(rest[0])
            if said == "compute":
                return await self._compute(key, me, compute, ttl_ms)
            if await self._hear(key, me, rest[0]) == "not kept":
                return self._dumps(await _run(compute))

    async def _hear(self, key: str, me: str, left_ms: int) -> str | None:
        """How a computation ended; None: nothing was heard while its lease ran."""
        bell = keys.FLIGHT_BELL.key(key=key, id=me)
        ask: Any = self._redis.execute_command
        async with self._listening:
            with contextlib.suppress(RedisUnavailable), typed_errors():
                answer = await ask("BLPOP", bell, min(left_ms / 1000 + 0.001, _LISTEN_S))
                return str(answer[1]) if answer else None
        return None

    # --- computing -----------------------------------------------------------------------------
    async def _compute(self, key: str, fence: str, compute: Compute, ttl_ms: int) -> str:
        """Compute a value under a lease, and keep it."""
        start = time.monotonic()
        how: _End | None = "ended"
        renewing = asyncio.create_task(self._renew(key, fence))
        renewing.add_done_callback(retrieved)
        try:
            text = self._dumps(await _run(compute))
            how = await self._keep(key, fence, text, ttl_ms, time.monotonic() - start)
            return text
        finally:
            renewing.cancel()
            if how is not None:
                with contextlib.suppress(RedisUnavailable):  # then the lease ends
                    await undisturbed(self._call("leave", key, fence, how))

    async def _keep(
        self, key: str, fence: str, text: str, ttl_ms: int, cost_s: float
    ) -> _End | None:
        """Returns what there is to say of the end; None: all is said, or can't be."""
        try:
            self._check_size(text)
            if await self._call("put", key, text, ttl_ms, fence, round(cost_s * 1000)):
                self._ends.note(key, ttl_ms / 1000, cost_s)
        except (InvalidValue, MemoryFull, RedisUnavailable) as error:
            log.warning("cache.not_kept", key=key, error=str(error))
            return None if isinstance(error, RedisUnavailable) else "not kept"
        return None

    async def _renew(self, key: str, fence: str) -> None:
        """Renew the lease until cancelled, or until it is lost."""
        while True:
            await asyncio.sleep(self._lease_ms / 3000)
            with contextlib.suppress(RedisUnavailable):
                if not await self._call("renew", key, fence, self._lease_ms):
                    return

    # --- computing anew in time ----------------------------------------------------------------
    def _refresh_in_time(self, key: str, compute: Compute, ttl_ms: int) -> None:
        drawn = self._ends.draw(key)
        if drawn is None or key in self._refreshing:
            return
        task = asyncio.create_task(self._refresh(key, compute, ttl_ms, drawn))
        self._refreshing[key] = task
        task.add_done_callback(lambda _: self._refreshing.pop(key))

    async def _refresh(self, key: str, compute: Compute, ttl_ms: int, drawn: float) -> None:
        fence = uuid.uuid4().hex
        try:
            said, *rest = await self._call("refresh", key, fence, self._lease_ms, drawn)
            if said == "compute":
                await self._compute(key, fence, compute, ttl_ms)
                return
            left_ms, cost_ms = rest
            if left_ms == _NEVER_ENDS:
                left_ms = ttl_ms
            self._ends.note(key, left_ms / 1000, cost_ms / 1000)
        except Exception:
            log.exception("cache.refresh_failed", key=key)
            self._ends.note(key, _AGAIN_S, 0)

    def _ttl_ms(self, ttl_s: float | None) -> int:
        return self.config.ttl_s * 1000 if ttl_s is None else self._ms(ttl_s)

    async def _call(self, function: str, key: str, *args: Any) -> Any:
        names = [_name(family, key) for family in keys.GENERATION]
        async with self._asking:
            with _full_cache(), typed_errors():
                return await LIBRARY.call(self._redis, f"cache_{function}_1", names, args)


class Scratch(_Values):
    """Temporary state: JSON values that go when their time has come, or before if Redis is full."""

    family = keys.SCRATCH

    async def set(self, key: str, value: Any, *, ttl_s: float) -> None:
        """Keep a value for so long, a day at most.

        Raises:
            InvalidValue: it is no JSON, or too large, or the time is; nothing was written.
            MemoryFull, RedisUnavailable.
        """
        text, ttl_ms = self._dumps(value), self._ms(ttl_s)
        self._check_size(text)
        async with self._asking:
            with _full_cache(), typed_errors():
                await self._redis.set(self._name(key), text, px=ttl_ms)

    async def delete(self, key: str) -> bool:
        """Returns whether it was there."""
        async with self._asking:
            with typed_errors():
                return bool(await self._redis.delete(self._name(key)))


async def _run(compute: Compute) -> Any:
    if inspect.iscoroutinefunction(compute):
        return await compute()
    made = await asyncio.to_thread(_plain, compute)
    return await made if inspect.isawaitable(made) else made


def _plain(compute: Compute) -> Any:
    """A StopIteration can't leave a thread: whoever waits for it would wait for ever."""
    try:
        return compute()
    except StopIteration as error:
        raise RuntimeError("compute raised StopIteration") from error


@contextlib.contextmanager
def _full_cache() -> Iterator[None]:
    try:
        yield
    except MemoryFull as error:
        raise MemoryFull(
            "Redis is at its maxmemory, nothing more can be evicted, and the value was not kept; "
            "raise maxmemory"
        ) from error
