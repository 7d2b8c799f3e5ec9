"""Who samples the memory of each server, and where the result is kept: all services try, one does,
under a lease.
"""

import asyncio
from pathlib import Path
from typing import Any

import structlog
from redis.exceptions import NoPermissionError

from thoughtstream import keys
from thoughtstream.config import BudgetsConfig
from thoughtstream.health.sample import Sample, look, slowly
from thoughtstream.store.calls import ERRORS
from thoughtstream.store.client import Client
from thoughtstream.store.functions import Library

LIBRARY = Library(Path(__file__).parent / "lua" / "sampler.lua")

_LEASE_MS = 30_000
_CHECKS_PER_SAMPLE = 10
_LONGEST_PAUSE_S = 60.0

log = structlog.get_logger()


class _Lost(Exception):
    """Another has the lease."""


class Sampler:
    """Measures each server in turn, every `budgets.sample_every_s`."""

    def __init__(self, redis: Client, config: BudgetsConfig) -> None:
        self._redis = redis
        self._every_s = config.sample_every_s
        self._key = keys.MEMORY.key()

    async def run(self) -> None:
        """Run until cancelled; returns if it is never to be done, or not permitted to this user."""
        while self._every_s:
            try:
                await self.sample()
            except NoPermissionError as error:
                log.warning("memory.not_permitted", error=str(error))
                return
            except ERRORS as error:
                log.warning("memory.not_sampled", error=str(error))
            await asyncio.sleep(min(self._every_s / _CHECKS_PER_SAMPLE, _LONGEST_PAUSE_S))

    async def sample(self) -> bool:
        """Do it now, if it is time and nobody else is at it; returns whether it was done.

        Raises: errors of the connection to where the result is kept.
        """
        fence = await self._call("begin", await self._now(), _LEASE_MS, self._every_s * 1000)
        if fence is None:
            return False
        try:
            found = await self._look_at_all(str(fence))
        except _Lost:
            return False
        flat = [part for name, sample in found.items() for part in (name, sample.text())]
        return bool(await self._call("finish", fence, await self._now(), *flat))

    async def _look_at_all(self, fence: str) -> dict[str, Sample]:
        """What each server has; one that can't be asked just now is left out."""
        found = {}
        for name in await self._redis.servers():
            try:
                async with self._redis.at(name) as server:
                    found[name] = await self._look(server, fence)
            except NoPermissionError:
                raise
            except ERRORS as error:
                log.warning("memory.not_sampled", server=name, error=str(error))
        return found

    async def _look(self, server: Any, fence: str) -> Sample:
        there = max(await server.dbsize(), 1)
        clock = asyncio.get_running_loop().time
        renewed = clock()

        async def between() -> None:
            nonlocal renewed
            await slowly(there)
            if clock() - renewed > _LEASE_MS / 3000:
                if not await self._call("renew", fence, await self._now(), _LEASE_MS):
                    raise _Lost
                renewed = clock()

        return await look(server, self._now, between)

    async def _now(self) -> int:
        return await self._redis.clock_ms(self._key)

    async def _call(self, what: str, *args: Any) -> Any:
        return await LIBRARY.call(self._redis, f"sampler_{what}_1", [self._key], args)
