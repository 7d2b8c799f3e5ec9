"""What is so of a server and of the services, whichever mind is watched: asked once a second."""

import asyncio
from dataclasses import dataclass
from typing import Any

from thoughtstream.config import Settings
from thoughtstream.coordination.membership import alive_services
from thoughtstream.faces.web.watching.troubles import Found, What
from thoughtstream.health.troubles import by_mind
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

_FRESH_S = 1.0
_SLOW = 3
"""Times the target between two cycles."""

_LEAST_TARGET_MS = 50


@dataclass(frozen=True)
class Vitals:
    """`rhythm`: of the slowest service; `faults`: those that services tell, by mind."""

    rhythm: dict[str, Any] | None
    faults: dict[str, dict[str, str]]
    troubles: Found

    def of_mind(self, mind: str) -> Found:
        """What is wrong for a mind, each with its detail and cure."""
        fault = self.faults.get(mind)
        if fault is None:
            return self.troubles
        return {**self.troubles, "fault": (fault["detail"], fault["cure"])}


class Pulse:
    """The vitals of each server, shared by all that is watched there."""

    def __init__(self, settings: Settings) -> None:
        target_ms = settings.streams.cycle_target_ms
        self._slow_ms = _SLOW * max(target_ms, _LEAST_TARGET_MS)
        self._known: dict[str, tuple[float, Vitals]] = {}
        self._asking = asyncio.Lock()

    async def of(self, redis: Client, key: str) -> Vitals:
        """Those of the server that has this key, at most a second old.

        Raises:
            RedisUnavailable: it does not answer.
        """
        server, clock = redis.server_of(key), asyncio.get_running_loop().time
        async with self._asking:
            asked_at, vitals = self._known.get(server, (0.0, None))
            if vitals is None or clock() - asked_at > _FRESH_S:
                vitals = await self._ask(redis, key)
                self._known[server] = clock(), vitals
            return vitals

    async def _ask(self, redis: Client, key: str) -> Vitals:
        services = await alive_services(redis)
        abouts = [service.about for service in services]
        rhythms = [about["rhythm"] for about in abouts if about.get("rhythm")]
        slowest = max(rhythms, key=lambda rhythm: rhythm["cycle_p99_ms"] or 0, default=None)
        troubles = dict[What, tuple[str, str]]()
        if not services:
            troubles["nobody_attends"] = ("no service lives on this Redis", "`thoughtstream up`")
        if slowest and (slowest["cycle_p99_ms"] or 0) > self._slow_ms:
            troubles["slow"] = (
                f"one attention cycle in a hundred takes {slowest['cycle_p99_ms']:.0f} ms",
                "`thoughtstream doctor`; give the host of the service, or Redis, more room",
            )
        if full := await _fullness(redis, key):
            troubles["full"] = (
                full,
                "raise maxmemory, or keep less: `thoughtstream status` shows what takes it",
            )
        return Vitals(slowest, by_mind(abouts), troubles)


async def _fullness(redis: Client, key: str) -> str:
    """That the server of a key has no room; empty: it has. Source: INFO memory. What Redis does not
    count when it evicts is not counted here.
    """
    with typed_errors():
        info: Any = await redis.info("memory", near=key)
    most = int(info.get("maxmemory", 0))
    used = int(info.get("used_memory", 0)) - int(info.get("mem_not_counted_for_evict", 0))
    return f"{used:,} of {most:,} bytes are used" if 0 < most <= used else ""
