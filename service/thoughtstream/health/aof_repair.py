"""Redis's log (AOF) after a full disk.

Redis opens a log that it begins itself without O_APPEND. What it could only write half, it cuts
off; once there is room, it writes where it was, behind a hole. It says that all is well, and
doesn't start with that log (seen with 7.0, 8.0 and 8.2). What it has in memory is whole, so the log
is written anew, as soon as there is room: BGREWRITEAOF.
"""

import asyncio
from contextlib import suppress
from typing import Any, Protocol

import structlog
from redis.exceptions import ResponseError

from thoughtstream.store.cluster import Cluster
from thoughtstream.store.connection import Client
from thoughtstream.store.outages import OUTAGES

_LOOK_S = 1.0
_MENDS_S = 0.05

log = structlog.get_logger()


class _Server(Protocol):
    """Redis, or a node of a cluster."""

    def execute_command(self, *args: Any) -> Any: ...


class AofRepair:
    """The logs of a server, or of all nodes of a cluster; those with a hole are remembered."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._torn: set[str] = set()

    async def run(self) -> None:
        """Looks after them until cancelled. A server that doesn't answer is looked at later."""
        while True:
            looks = (self._look(name, server) for name, server in self._servers().items())
            await asyncio.gather(*looks)
            await asyncio.sleep(_LOOK_S)

    def _servers(self) -> dict[str, _Server]:
        if isinstance(self._redis, Cluster):
            return {node.name: node for node in self._redis.get_nodes()}
        return {"": self._redis}

    async def _look(self, name: str, server: _Server) -> None:
        with suppress(*OUTAGES, ResponseError):
            state = await server.execute_command("INFO", "persistence")
            if state["aof_last_write_status"] != "ok":
                if name not in self._torn:
                    log.warning("aof.write_failed", server=name, cure="make room on its disk")
                self._torn.add(name)
            elif name in self._torn and not state["aof_rewrite_in_progress"]:
                await self._mend(name, server)

    async def _mend(self, name: str, server: _Server) -> None:
        """Until it is done; what doesn't succeed is tried again at the next look."""
        with suppress(ResponseError):  # it saves just now, and can't do both
            await server.execute_command("BGREWRITEAOF")
            state: dict[str, Any] = {"aof_rewrite_in_progress": 1}
            while state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"]:
                await asyncio.sleep(_MENDS_S)
                state = await server.execute_command("INFO", "persistence")
            if state["aof_last_bgrewrite_status"] == "ok":
                self._torn.discard(name)
                log.info("aof.rewritten", server=name)
