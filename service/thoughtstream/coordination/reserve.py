"""Reservations: a lease on a name (of a file, a branch, a port), which one at a time has.

Who waits for a name that is taken is woken when it is free; who dies frees it within his lease. The
fence grows with each reservation of a name: what it protects can refuse whoever has an older one.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from thoughtstream import keys
from thoughtstream.config import AgentsConfig
from thoughtstream.coordination.index import Index, When
from thoughtstream.coordination.keeping import kept
from thoughtstream.coordination.library import LIBRARY
from thoughtstream.errors import InvalidTask, RedisUnavailable, ReservationLost, Reserved
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors
from thoughtstream.store.functions import Call
from thoughtstream.store.shields import undisturbed

LONGEST_S = 86_400
"""A name can be held for so long by who need not be there."""

_LISTEN_S = 5.0


@dataclass(frozen=True, slots=True)
class Reservation:
    """A name that is taken: by whom, with which fence."""

    name: str
    by: str
    fence: int


class Reservations:
    """All reservations. Errors beside those that are named: RedisUnavailable."""

    def __init__(self, redis: Client, config: AgentsConfig) -> None:
        self._redis = redis
        self._lease_s = config.lease_s
        self._beat_s = config.beat_s
        self._index = Index(redis, keys.RESERVATIONS.key(), config.lease_s * 1000)

    @asynccontextmanager
    async def reserve(
        self, name: str, *, by: str, wait_s: float | None = None
    ) -> AsyncIterator[Reservation]:
        """Have this name for as long as the context goes on; waits for it, `wait_s` at most.

        Raises:
            Reserved: somebody else has it all this time.
            ReservationLost: Redis was away for too long; the body was cancelled.
            InvalidTask: the name is empty or too long.
        """
        token = uuid.uuid4().hex
        where = _keys_of(name)
        held_since = time.monotonic()
        try:
            fence = await self._taken(name, where, by, token, wait_s, self._lease_ms)
        except Reserved:
            raise
        except BaseException:  # it may have been taken just then
            with suppress(RedisUnavailable):
                await undisturbed(self._release(name, where, token))
            raise

        async def extend() -> None:
            nonlocal held_since
            now = time.monotonic()
            try:
                async with asyncio.timeout_at(
                    asyncio.get_running_loop().time() + held_since + self._lease_s - now
                ):
                    held = await self._call("extend", where, token, self._lease_ms)
            except TimeoutError:
                raise ReservationLost(f"{name}: Redis was away; it may be another's") from None
            if not held:
                raise ReservationLost(
                    f"{name}: was released by somebody, or the lease ended and it went to another"
                )
            held_since = now
            with typed_errors():
                await self._index.note((name, self._lease_ms))

        held_since = time.monotonic()
        try:
            async with kept(extend, self._beat_s):
                yield Reservation(name, by, fence)
        finally:
            with suppress(RedisUnavailable):
                await undisturbed(self._release(name, where, token))

    async def hold(
        self, name: str, *, by: str, for_s: float, wait_s: float | None = 0
    ) -> Reservation:
        """Have this name for so long, whatever becomes of this program: for who is none that goes
        on. Once more by the same, from now on.

        Raises:
            Reserved: somebody else has it. InvalidTask: the name is empty or too long, or the time.
        """
        if not 0.001 <= for_s <= LONGEST_S:
            raise InvalidTask(f"for_s: is {for_s}; give seconds, more than 0, {LONGEST_S} at most")
        where, lease_ms = _keys_of(name), round(for_s * 1000)
        fence = await self._taken(name, where, by, _token_of(by), wait_s, lease_ms)
        return Reservation(name, by, fence)

    async def release(self, name: str, *, by: str | None = None) -> Reservation | None:
        """Free a name, if `by` has it, else whoever does: who is at it ends within a heartbeat.

        Returns what it was; None: nothing.
        """
        where = _keys_of(name)
        with typed_errors():
            ask: Any = self._redis.hmget
            token, holder, fence = await ask(where[0], "token", "by", "fence")
        if token is None or by not in (None, holder):
            return None
        was_held = await self._release(name, where, token)
        return Reservation(name, holder, int(fence)) if was_held else None

    async def all(self) -> list[Reservation]:
        """What is taken just now, by name."""
        with typed_errors():
            names = sorted(await self._index.names())
            calls: list[Call] = [("reserve_look_1", _keys_of(name), ()) for name in names]
            answers = await LIBRARY.call_all(self._redis, calls, read_only=True)
        found = zip(names, answers, strict=True)
        return [Reservation(name, said[0], int(said[1])) for name, said in found if said]

    async def sweep(self, me: str | None = None) -> None:
        """Free what was reserved by those who died. `me`: a name that is about to be taken."""
        with typed_errors():
            due = await self._index.due(surely=(me, self._lease_ms) if me else None)
            calls: list[Call] = [("reserve_settle_1", _keys_of(name), ()) for name in due.names]
            answers = await LIBRARY.call_all(self._redis, calls)
            whens = [self._when(*one) for one in zip(due.names, answers, strict=True)]
            await self._index.note(*whens, after=due)

    def _when(self, name: str, answer: str) -> tuple[str, When]:
        return name, "gone" if answer == "gone" else min(int(answer), self._lease_ms)

    @property
    def _lease_ms(self) -> int:
        return self._lease_s * 1000

    async def _taken(
        self, name: str, where: list[str], by: str, token: str, wait_s: float | None, lease_ms: int
    ) -> int:
        """Wait for the name; returns the fence."""
        await self.sweep(name)
        end = time.monotonic() + (float("inf") if wait_s is None else wait_s)
        try:
            while True:
                listen_s = max(min(end - time.monotonic(), _LISTEN_S), 0)
                args = by, token, lease_ms, int(listen_s * 1000)
                said, *rest = await self._call("take", where, *args)
                if said == "ok":
                    with typed_errors():
                        await self._index.note((name, min(lease_ms, self._lease_ms)))
                    return int(rest[0])
                if not listen_s:
                    raise Reserved(
                        f"{name}: is reserved by {rest[0]}, whose lease goes on for "
                        f"{rest[1] / 1000:.1f} s; wait longer (wait_s), or take another"
                    )
                await self._listen(name, token, min(listen_s, (rest[1] + 1) / 1000))
        except BaseException:
            with suppress(RedisUnavailable):
                await undisturbed(self._call("quit", where, token))
            raise

    async def _listen(self, name: str, token: str, most_s: float) -> None:
        bell = keys.RESERVATION_BELL.key(reservation=name, listener=token)
        ask: Any = self._redis.execute_command
        with typed_errors():
            await ask("BLPOP", bell, most_s)

    async def _release(self, name: str, where: list[str], token: str) -> bool:
        was_held = await self._call("release", where, token)
        if was_held:
            with typed_errors():
                # The next sweep takes it off the index, unless somebody has it again.
                await self._index.note((name, 0))
        return bool(was_held)

    async def _call(self, function: str, where: list[str], *args: Any) -> Any:
        with typed_errors():
            return await LIBRARY.call(self._redis, f"reserve_{function}_1", where, args)


def _keys_of(name: str) -> list[str]:
    try:
        return [family.key(reservation=name) for family in keys.RESERVATION]
    except ValueError as error:
        raise InvalidTask(str(error)) from None


def _token_of(by: str) -> str:
    """Of who has no program that could keep one."""
    return uuid.uuid5(uuid.NAMESPACE_OID, by.encode(errors="surrogateescape").hex()).hex
