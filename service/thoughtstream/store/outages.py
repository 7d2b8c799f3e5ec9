"""What the client library raises when Redis, or one node of a cluster, can't be asked just now."""

import re
import ssl
from collections.abc import Iterator

from redis.exceptions import (
    AskError,
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    ResponseError,
    TimeoutError,
    TryAgainError,
)

from thoughtstream.config import ConfigError
from thoughtstream.errors import MemoryFull, RedisUnavailable


class NotSent(ConnectionError):
    """The connection was lost before anything was sent on it."""


OUTAGES = (
    ConnectionError, TimeoutError, ClusterDownError, AskError, TryAgainError, ReadOnlyError,
    RedisClusterException,
)  # fmt: skip
"""Errors that pass. AskError is MovedError, too."""

_OF_ALL = (
    *OUTAGES, OutOfMemoryError, NoPermissionError, RedisUnavailable, MemoryFull, ConfigError,
)  # fmt: skip

SILENCE = (ConnectionError, TimeoutError)
"""There was no answer."""

_NOT_EXECUTED = (
    ClusterDownError,
    AskError,
    TryAgainError,
    ReadOnlyError,
    BusyLoadingError,
    NotSent,
)


_PIPED = re.compile(r".* of pipeline caused error: \(['\"]", re.DOTALL)

_TOO_FEW = "NOREPLICAS "
_NOT_NOW = (_TOO_FEW, "BUSY ", "UNBLOCKED ")
"""It has too few replicas; somebody's script runs for long; it ceased to be a master meanwhile."""


_WITHHELD = ("unknown command", "unknown subcommand", "NOPERM")


def is_not_now(error: BaseException) -> bool:
    """Whether a server says that it can't do this just now, in words that the client library has no
    type for.
    """
    return isinstance(error, ResponseError) and said(error).startswith(_NOT_NOW)


def refuses_writes(answer: object) -> bool:
    """Whether this answer of a server says that it takes no writes, for want of replicas."""
    return isinstance(answer, ResponseError) and said(answer).startswith(_TOO_FEW)


def is_of_one_mind(error: Exception) -> bool:
    """Whether it can be for what a mind's own keys have: neither an outage, nor what a server says
    to anybody (it is full, can't write, or doesn't allow it).
    """
    if isinstance(error, _OF_ALL) or is_not_now(error):
        return False
    return not said(error).startswith("MISCONF")


def said(error: BaseException) -> str:
    """A server's words; the client library puts the command before them, if it was one of many."""
    return _PIPED.sub("", str(error), count=1)


def is_withheld(error: BaseException) -> bool:
    """Whether a server withholds a command, from this user or from everybody: those that somebody
    else manages do.
    """
    return isinstance(error, ResponseError) and (
        isinstance(error, NoPermissionError) or said(error).startswith(_WITHHELD)
    )


def was_not_executed(error: BaseException) -> bool:
    """Whether this answer of a server says that it did nothing, and another may, or it may soon."""
    return is_not_now(error) or isinstance(error, _NOT_EXECUTED)


def is_refusal(error: BaseException | None) -> bool:
    """Whether the server refuses this user or password.

    The client library hides it behind a lost connection.
    """
    return any(isinstance(e, AuthenticationError | AuthorizationError) for e in _causes(error))


def is_untrusted(error: BaseException | None) -> bool:
    """Whether we don't trust the server's certificate."""
    return any(isinstance(e, ssl.SSLCertVerificationError) for e in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
