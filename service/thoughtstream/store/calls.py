"""A command on its way to a node: what is sent, what comes back, what may be sent again."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode
from redis.commands import READ_COMMANDS
from redis.exceptions import ConnectionError, RedisClusterException, RedisError, ResponseError

from thoughtstream.store.connection_class import renew
from thoughtstream.store.outages import OUTAGES, NotSent, is_refusal, is_untrusted, was_not_executed

ERRORS = (RedisError, RedisClusterException, OSError)

Peer: TypeAlias = ClusterNode | Redis
"""Whom one talks to."""

_REPEATABLE = READ_COMMANDS | {"PING", "TIME", "INFO", "COMMAND LIST", "FUNCTION LIST"}


@dataclass(slots=True)
class Call:
    """A command on its way. `slot`: where it belongs; `node`: where it has to go now.

    `sent`: it may have been executed. `answer`: what came back, an error too. `is_idempotent`: it
    writes, but executed twice it does what it does once.
    """

    args: tuple[Any, ...]
    options: dict[str, Any]
    slot: int
    node: ClusterNode | None = None
    asking: bool = False
    sent: bool = False
    answer: Any = None
    is_idempotent: bool = False

    @property
    def held_s(self) -> float:
        """How long a healthy server may keep it without an answer (XREAD BLOCK, BLPOP)."""
        if self.args[0] == "BLPOP":
            return float(self.args[-1])
        return int(self.args[2]) / 1000 if self.args[1:2] == (b"BLOCK",) else 0

    @property
    def may_be_repeated(self) -> bool:
        """Whether it failed in a way that passes, and surely had no effect."""
        error = self.answer
        if not isinstance(error, Exception) or is_refusal(error) or is_untrusted(error):
            return False
        if was_not_executed(error):
            return True
        again = not self.sent or self.is_idempotent or self.args[0] in _REPEATABLE
        return isinstance(error, OUTAGES) and again


async def talk(
    node: Peer, connection: Any, calls: Sequence[Call], patience: asyncio.Timeout
) -> None:
    """Send the commands of some calls and take their answers, as long as there is patience."""
    waiting = list(calls)
    try:
        async with _ending(patience, connection):
            await renew(connection)
            await connection.connect()
            for call in calls:
                call.sent = True
            commands = (command for call in calls for command in _commands(call))
            await connection.send_packed_command(connection.pack_commands(commands))
            while waiting:
                await _take(node, connection, waiting[0])
                del waiting[0]
    except NotSent as error:
        fail(calls, error)
    except ERRORS as error:
        fail(waiting[:1], error)
        # The connection is gone: whether the others were executed is not for this answer to say.
        fail(waiting[1:], ConnectionError(str(error)) if was_not_executed(error) else error)


@asynccontextmanager
async def _ending(patience: asyncio.Timeout, connection: Any) -> AsyncIterator[None]:
    """Nothing is left of a connection that patience ended with.

    Raises:
        ConnectionError: it ended.
    """
    try:
        async with patience:
            yield
    except TimeoutError:
        if not patience.expired():
            raise
        await connection.disconnect()
        raise ConnectionError("the node is silent, and another one has taken over") from None


def is_connected(node: ClusterNode) -> bool:
    """Whether there is a connection that nobody uses and nothing is known against."""
    return any(one.is_connected and not one.should_reconnect() for one in node._free)  # type: ignore[no-untyped-call]


def _commands(call: Call) -> list[tuple[Any, ...]]:
    return [("ASKING",), call.args] if call.asking else [call.args]


async def _take(node: Peer, connection: Any, call: Call) -> None:
    """One answer. Raises: the connection was lost, or is out of step."""
    if call.asking:
        await connection.read_response()
    try:
        call.answer = await node.parse_response(connection, call.args[0], **call.options)
    except ResponseError as error:
        call.answer = error


def fail(calls: Iterable[Call], error: Exception) -> None:
    """This is what came of them."""
    for call in calls:
        call.answer = error


def given(call: Call) -> Any:
    """The answer. Raises: it is an error."""
    if isinstance(call.answer, Exception):
        raise call.answer
    return call.answer


def key_of(args: tuple[Any, ...]) -> Any:
    """The key by which a command finds its node: the first, of those that we use."""
    if args[0] in ("FCALL", "FCALL_RO"):
        return args[3]
    if args[0] == "XREAD":
        return args[-2]  # of one stream, and the id is the last
    return args[1]
