"""Repairs the append-only file (AOF) of Redis after a full disk.

Redis opens an AOF that it starts itself without O_APPEND. A partial write is truncated; once there
is room again, Redis writes on at its old offset, behind a hole. It reports that all is well, but
does not start with that file (seen with 7.0, 8.0 and 8.2). Its data in memory is intact, so the AOF
is rewritten as soon as there is room: BGREWRITEAOF.
"""

import asyncio
from contextlib import suppress
from typing import Any

import structlog
from redis.exceptions import ResponseError

from thoughtstream.store.client import Client
from thoughtstream.store.outages import OUTAGES

_CHECK_EVERY_S = 1.0
_POLL_S = 0.05

log = structlog.get_logger()


class AofRepair:
    """Watches the AOF of a server, or of all nodes of a cluster; rewrites those with a hole."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._torn: set[str] = set()

    async def run(self) -> None:
        """Runs until cancelled. A server that does not answer is checked later."""
        while True:
            checks = (self._check(name, server) for name, server in self._redis.nodes().items())
            await asyncio.gather(*checks)
            await asyncio.sleep(_CHECK_EVERY_S)

    async def _check(self, name: str, server: Any) -> None:
        with suppress(*OUTAGES, ResponseError):
            state = await server.execute_command("INFO", "persistence")
            if state["aof_last_write_status"] != "ok":
                if name not in self._torn:
                    log.warning("aof.write_failed", server=name, cure="make room on its disk")
                self._torn.add(name)
            elif name in self._torn and not state["aof_rewrite_in_progress"]:
                await self._rewrite(name, server)

    async def _rewrite(self, name: str, server: Any) -> None:
        """Rewrite the AOF, and wait until that is done; a failure is retried at the next check."""
        with suppress(ResponseError):  # a snapshot is being saved, and it can't do both
            await server.execute_command("BGREWRITEAOF")
            state: dict[str, Any] = {"aof_rewrite_in_progress": 1}
            while state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"]:
                await asyncio.sleep(_POLL_S)
                state = await server.execute_command("INFO", "persistence")
            if state["aof_last_bgrewrite_status"] == "ok":
                self._torn.discard(name)
                log.info("aof.rewritten", server=name)
