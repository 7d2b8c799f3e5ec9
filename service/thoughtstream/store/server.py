"""A client of one server, with the surface that a cluster's has (`client.py`)."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from thoughtstream.store.connection_class import close_all, over

_SCAN = 1000


class Server(Redis):
    """One server. Nothing moves, so most of the surface is plain."""

    patience_s = 0.0
    layout = 0

    async def execute_command(self, *args: Any, near: Any = None, **options: Any) -> Any:
        """Errors are those of the client library.

        What the library does beside (retries, of which we have none, metrics, events) would take
        a third of the time that a command takes here.
        """
        if self.connection is not None:  # there is only one, and it has its turns
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        pool: Any = self.connection_pool
        connection = pool.get_available_connection()
        try:
            await pool.ensure_connection(connection)
            await connection.send_command(*args)
            return await self.parse_response(connection, args[0], **options)
        finally:
            pool._in_use_connections.remove(connection)
            if connection.should_reconnect():
                await connection.disconnect()
            pool._available_connections.append(connection)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close all connections for good, also for a task that is cancelled meanwhile."""
        if self.auto_close_connection_pool:  # else it is one of several clients on the same ones
            pool: Any = self.connection_pool
            pool.connection_class = over(pool.connection_class)
            connections = (*pool._available_connections, *pool._in_use_connections)
            await close_all(connections, for_good=True)
        await super().aclose(close_connection_pool)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> "Pipeline":
        """Commands that are sent together; the option `near` is taken here, too."""
        return _Pipe(self.connection_pool, self.response_callbacks, transaction, shard_hint)

    @property
    def database(self) -> int:
        """What its URL says."""
        return int(self.connection_pool.connection_kwargs.get("db") or 0)

    @property
    def identity(self) -> str:
        """Its address and database."""
        known = self.connection_pool.connection_kwargs
        return " ".join(str(known.get(name)) for name in ("path", "host", "port", "db"))

    def server_of(self, key: str) -> str:
        """There is only one."""
        return ""

    def key_on(self, server: str, make: Callable[[int], str]) -> str:
        """All keys are here."""
        return make(0)

    async def servers(self) -> list[str]:
        """This one."""
        return [""]

    @asynccontextmanager
    async def at(self, server: str) -> AsyncIterator[Redis]:
        """This client itself."""
        yield self

    def nodes(self) -> Mapping[str, Any]:
        """This one."""
        return {"": self}

    async def cluster_nodes(self) -> dict[str, Any]:
        """It is no cluster."""
        return {}

    async def find(self, glob: str, near: str | None = None) -> set[str]:
        """All keys that match. SCAN."""
        return {key async for key in self.scan_iter(match=glob, count=_SCAN)}

    async def clock_ms(self, key: str) -> int:
        """The server's clock, in ms since the epoch. TIME."""
        seconds, micros = await self.time()
        return int(seconds) * 1000 + int(micros) // 1000

    async def pop(self, key: str, most_s: float) -> str | None:
        """The first of a list as soon as there is one. BLPOP."""
        answer = await self.execute_command("BLPOP", key, most_s)
        return None if answer is None else str(answer[1])

    async def look_again(self) -> None:
        """Nothing moves."""

    @asynccontextmanager
    async def pinned(self) -> AsyncIterator[Any]:
        """A client on one connection."""
        async with self.client() as one:
            yield one


class _Pipe(Pipeline):
    def pipeline_execute_command(self, *args: Any, near: Any = None, **options: Any) -> Pipeline:
        """Commands go where the others go."""
        super().pipeline_execute_command(*args, **options)  # type: ignore[no-untyped-call]
        return self
