"""A client of one server, with the surface that a cluster's has (`client.py`)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ConnectionError

from thoughtstream.backoff import Backoff
from thoughtstream.store.calls import ERRORS, Call, fail, given, talk
from thoughtstream.store.connection_class import close_all, over
from thoughtstream.store.outages import refuses_writes
from thoughtstream.store.pinned import Connections, Pinned

_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.2
_SCAN = 1000


class Server(Redis):
    """One server. Nothing moves, so most of the surface is plain.

    `patience_s`: how long a command may wait for a server that restarts. Until then it is sent
    again where it was surely not executed, or changes nothing, as in a cluster.
    """

    patience_s = 0.0
    layout = 0

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Errors are those of the client library.

        What the library does beside (metrics, events) would take a third of the time that a command
        takes here.
        """
        call = self.call(args, options)
        if self.connection is not None:  # there is only one, and it has its turns
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        pool: Any = self.connection_pool
        connection = pool.get_available_connection()
        try:
            await pool.ensure_connection(connection)
            call.sent = True
            await connection.send_command(*args)
            return await self.parse_response(connection, args[0], **options)
        except ERRORS as error:
            call.answer = error
            if not self.patience_s or not call.may_be_repeated:
                raise
        finally:
            await self._give_back(connection)
        await self.perform([call])
        return given(call)

    def call(self, args: tuple[Any, ...], options: dict[str, Any]) -> Call:
        """A command; it goes where the others go. What is ours is taken out of the options."""
        options.pop("near", None)
        return Call(args, options, 0, is_idempotent=options.pop("is_idempotent", False))

    async def perform(self, calls: Sequence[Call], kept: Connections | None = None) -> None:
        """Have commands executed, each once, in their order."""
        clock = asyncio.get_running_loop().time
        end, backoff, left = clock() + self.patience_s, Backoff(_PAUSE_S, _LONGEST_PAUSE_S), calls
        while True:
            await self._exchange(left, kept)
            left = [call for call in left if call.may_be_repeated]
            if not left or clock() >= end:
                return
            await backoff.pause()
            refused = any(refuses_writes(call.answer) for call in left)
            while refused and clock() < end and await self._refuses_writes():
                await backoff.pause()

    async def _refuses_writes(self) -> bool:
        """Whether it refuses writes for want of replicas, as it does before it is restarted
        (`deploy.restart`). A write that is sent while it stops might be one that nobody answers.
        """
        probe = self.call(("INFO", "replication"), {})
        await self.perform([probe])
        return isinstance(probe.answer, dict) and probe.answer.get("min_slaves_good_slaves") == 0

    async def _exchange(self, calls: Sequence[Call], kept: Connections | None) -> None:
        """Send every command once, on one connection. What goes wrong is the answer."""
        pool: Any = self.connection_pool
        known = kept.by_node.get(self) if kept else None
        try:
            connection = known or pool.get_available_connection()
        except ConnectionError as error:  # all are in use
            fail(calls, error)
            return
        for call in calls:
            call.sent = False
        try:
            await talk(self, connection, calls, asyncio.timeout(None))
        finally:
            if kept is None:
                await self._give_back(connection)
            else:
                kept.by_node[self] = connection
                kept.last = self, connection

    async def _give_back(self, connection: Any) -> None:
        pool: Any = self.connection_pool
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
        return _Pipe(self, transaction, shard_hint)

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
        """Commands on a connection of their own, so that WAIT is about what they wrote."""
        kept = Connections()
        try:
            yield Pinned(self, kept)
        finally:
            for connection in kept.by_node.values():
                await self._give_back(connection)


class _Pipe(Pipeline):
    """A pipeline whose commands are sent again as those of `Server` are, unless they are one
    transaction.
    """

    def __init__(self, server: Server, transaction: bool, shard_hint: str | None) -> None:
        super().__init__(server.connection_pool, server.response_callbacks, transaction, shard_hint)
        self._server = server

    def pipeline_execute_command(self, *args: Any, near: Any = None, **options: Any) -> Pipeline:
        """Commands go where the others go."""
        super().pipeline_execute_command(*args, **options)  # type: ignore[no-untyped-call]
        return self

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """The answers in the order of the commands."""
        if self.is_transaction or self.explicit_transaction or self.watching:
            return list(await super().execute(raise_on_error))
        calls = [self._server.call(args, dict(options)) for args, options in self.command_stack]
        await self.reset()  # type: ignore[no-untyped-call]
        if calls:
            await self._server.perform(calls)
        return [given(call) if raise_on_error else call.answer for call in calls]
