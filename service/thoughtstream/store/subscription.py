"""A connection that is listened to: what Redis says on it comes in batches, at about a microsecond
a message (the client library's takes fifteen).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import hiredis
from redis._parsers.base import BaseParser
from redis.asyncio import Redis
from redis.exceptions import ConnectionError, ResponseError

Message = list[Any]
"""As Redis sends it: bytes and counts, `[b"message", channel, text]`, `[b"subscribe", …]`."""

_CHUNK = 1 << 16


class Subscription:
    """Ends with its connection: what is said while nobody listens is lost, so it never connects
    anew by itself.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._parser = hiredis.Reader(replyError=BaseParser.parse_error)

    @property
    def database(self) -> int:
        """The one of the server that this connection was made for."""
        return int(self._connection.db or 0)

    def ask(self, command: str, *args: str) -> None:
        """Say something, without waiting: it is said to the end whatever becomes of the caller.

        Raises:
            ConnectionError: the connection was lost.
        """
        writer = self._connection._writer
        if writer is None or writer.is_closing():
            raise ConnectionError("the connection that tells of writes was lost")
        given = (arg.encode(errors="surrogateescape") for arg in args)
        said: Any = (command, *given)  # which it is typed not to take
        writer.write(hiredis.pack_command(said))

    async def batches(self) -> AsyncIterator[list[Message]]:
        """What Redis says, all that has come at once; for one listener.

        Raises:
            ConnectionError: the connection was lost.
            ResponseError: Redis refuses what it was asked, as it does while a script runs for long.
        """
        while True:
            reader = self._connection._reader
            try:
                data = await reader.read(_CHUNK) if reader is not None else b""
            except OSError as error:
                raise ConnectionError(f"the connection that tells of writes: {error}") from error
            if not data:
                await self._connection.disconnect()
                raise ConnectionError("the connection that tells of writes was lost")
            self._parser.feed(data)
            messages = list(iter(self._parser.gets, False))
            for message in messages:
                if isinstance(message, ResponseError):
                    raise message
            yield messages


@asynccontextmanager
async def subscription(redis: Redis) -> AsyncIterator[Subscription]:
    """A connection of its own to this server.

    Raises:
        redis errors: it can't be made.
    """
    pool: Any = redis.connection_pool
    connection = await pool.get_connection()
    try:
        yield Subscription(connection)
    finally:
        await connection.disconnect()
        await pool.release(connection)
