"""Commands on connections of their own, so that what is waited for is theirs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError

from thoughtstream.store.calls import Call, Peer, given
from thoughtstream.store.connection_class import is_stale


@dataclass(slots=True)
class Connections:
    """Connections that are kept from one command to the next; `last`: of the last answer."""

    by_node: dict[Peer, AbstractConnection] = field(default_factory=dict)
    last: tuple[Peer, AbstractConnection] | None = None


class Performer(Protocol):
    """Who can send commands on connections that are kept."""

    def call(self, args: tuple[Any, ...], options: dict[str, Any]) -> Call:
        """A command with the slot it belongs to."""

    async def perform(self, calls: Sequence[Call], kept: Connections | None = None) -> None:
        """Have commands executed."""


class Pinned:
    """As a client: commands go where they belong, WAIT and WAITAOF to where the last one went."""

    def __init__(self, performer: Performer, kept: Connections) -> None:
        self._performer = performer
        self._kept = kept

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Errors are those of the client library."""
        if args[0] in ("WAIT", "WAITAOF"):
            return await self._where_it_was(*args)
        call = self._performer.call(args, options)
        await self._performer.perform([call], self._kept)
        return given(call)

    async def _where_it_was(self, *args: Any) -> Any:
        if self._kept.last is None:
            raise ConnectionError("nothing was written on this connection")
        node, connection = self._kept.last
        if not connection.is_connected or is_stale(connection):
            raise ConnectionError("the connection that took the write was lost")
        await connection.send_packed_command(connection.pack_command(*args))
        return await node.parse_response(connection, args[0])  # type: ignore[arg-type]
