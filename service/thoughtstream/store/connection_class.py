"""One connection to one server: the client library's, with some things better."""

import asyncio
import select
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import hiredis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError

from thoughtstream.store.outages import NotSent

MOST_CONNECTIONS = 1000
"""To one server, of one client: each has one command under way."""


def own(
    connection_class: type[AbstractConnection], server_name: str | None = None
) -> type[AbstractConnection]:
    """The client library's class of connections, as ours are; `server_name`: whom the certificate
    of the server must name, if not the host that is connected to.
    """

    class Connection(connection_class):  # type: ignore[misc, valid-type]
        is_over = False
        """Whether its client was closed: what still runs then must not connect anew."""

        def _connection_arguments(self) -> Mapping[str, Any]:
            given = super()._connection_arguments()
            is_named = server_name is not None and "ssl" in given
            return {**given, "server_hostname": server_name} if is_named else given

        async def _connect(self) -> None:
            """Raises: ConnectionError: the client was closed, before or meanwhile."""
            if not self.is_over:
                await super()._connect()
            if self.is_over:
                self._abort()
                raise ConnectionError("the client is closed")

        async def send_packed_command(self, *args: Any, **options: Any) -> None:
            """Never loses a cancellation.

            `asyncio.wait_for`, which sends, does before Python 3.12 when what it waits for has
            just ended: a loop that is always sending would go on for ever.

            Raises:
                NotSent: the server had closed the connection, as uvloop says it.
            """
            task = asyncio.current_task()
            before = task.cancelling() if task else 0
            try:
                await super().send_packed_command(*args, **options)
            except Exception as error:
                if task and task.cancelling() > before:
                    raise asyncio.CancelledError from error
                if isinstance(error, RuntimeError) and "handler is closed" in str(error):
                    raise NotSent(f"the server has closed the connection: {error}") from error
                raise
            if task and task.cancelling() > before:
                await self.disconnect()  # the answer has nobody to read it
                raise asyncio.CancelledError

        async def _send_packed_command(self, command: Any) -> None:
            """Raises: NotSent: another task has closed the connection since it was looked at."""
            if not self.is_connected:
                raise NotSent("the connection was lost")
            await super()._send_packed_command(command)

        async def disconnect(self, nowait: bool = True, **options: Any) -> None:
            """At once, whatever `nowait` says. A host that is away says no goodbye: waited for, it
            would keep the caller; not waited for, TLS would keep the socket for half a minute.
            """
            self._abort()
            await super().disconnect(nowait=True, **options)

        def __del__(self, *_: Any) -> None:
            """A node that has gone takes its connections with it."""
            self._abort()

        def _abort(self) -> None:
            writer = getattr(self, "_writer", None)
            if writer is not None:
                with suppress(RuntimeError):  # the loop has ended
                    writer.transport.abort()

        async def can_read(self) -> bool:
            """Asked by the pool before a connection is used: also of what has only just come."""
            return is_stale(self) or await super().can_read()

        def pack_command(self, *args: Any) -> list[bytes]:
            """In C, as the library's own blocking connections do: a cycle is 25 arguments."""
            try:
                return [hiredis.pack_command((*args[0].split(), *args[1:]))]
            except (TypeError, UnicodeEncodeError, AttributeError):
                return super().pack_command(*args)  # type: ignore[no-any-return]

    return Connection


def over(connection_class: Any) -> Any:
    """The class of connections that a client makes once it is closed: none of them connects."""
    return type(connection_class.__name__, (connection_class,), {"is_over": True})


async def close_all(connections: Iterable[Any], *, for_good: bool = False) -> None:
    """Close each without a pause: the client library makes tasks of it, and a caller that is
    cancelled meanwhile would leave them open. `for_good`: their client is closed.
    """
    for connection in connections:
        connection.is_over |= for_good
        await connection.disconnect()


async def renew(connection: AbstractConnection) -> None:
    """Close a connection that is no longer good, so that its next use opens it."""
    if connection.should_reconnect() or is_stale(connection):  # type: ignore[no-untyped-call]
        await connection.disconnect()


def is_stale(connection: AbstractConnection) -> bool:
    """Whether the server has closed a connection that nobody was waiting on.

    Found out before something is sent, it is nothing; afterwards nobody could say whether what was
    sent has arrived.
    """
    reader, writer = connection._reader, connection._writer
    if reader is None or writer is None:
        return False
    if reader.at_eof() or reader.exception() is not None or writer.is_closing():
        return True
    handle = writer.get_extra_info("socket").fileno()
    if handle < 0:
        return True
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(0))
