"""Commands to a cluster that stay on their connections, so that what is waited for is theirs."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError

from thoughtstream.store.calls import given
from thoughtstream.store.wire import is_stale

if TYPE_CHECKING:
    from thoughtstream.store.cluster import Cluster


@dataclass(slots=True)
class Held:
    """Connections that are kept from one command to the next; `last`: of the last answer."""

    connections: dict[ClusterNode, AbstractConnection] = field(default_factory=dict)
    last: tuple[ClusterNode, AbstractConnection] | None = None


class Pinned:
    """As a client: commands go where they belong, WAIT and WAITAOF to where the last one went."""

    def __init__(self, cluster: "Cluster", held: Held) -> None:
        self._cluster = cluster
        self._held = held

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Errors are those of the client library."""
        if args[0] in ("WAIT", "WAITAOF"):
            return await self._where_it_was(*args)
        call = self._cluster.call(args, options)
        await self._cluster.perform([call], self._held)
        return given(call)

    async def _where_it_was(self, *args: Any) -> Any:
        if self._held.last is None:
            raise ConnectionError("nothing was written on this connection")
        node, connection = self._held.last
        if not connection.is_connected or is_stale(connection):
            raise ConnectionError("the connection that took the write was lost")
        await connection.send_packed_command(connection.pack_command(*args))
        return await node.parse_response(connection, args[0])  # type: ignore[arg-type]
