"""Connections to Redis: the only place that knows whether it is one server or a cluster."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import hiredis
import redis.exceptions
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from thoughtstream.config import ConfigError, RedisConfig
from thoughtstream.errors import MemoryFull, RedisUnavailable, WritesRefused
from thoughtstream.store.server import OLDEST

Client: TypeAlias = "Redis | RedisCluster"

_SCHEMES = ("redis://", "rediss://", "unix://")


async def open_client(config: RedisConfig, url: str | None = None) -> Client:
    """A client for `url`, else for the URL of the settings: of a cluster, if that is one's node.

    Raises:
        ConfigError: the URL, user or password is wrong, or the server is too old.
        RedisUnavailable: nothing answers there.
    """
    client: Client = connect(config, url)
    try:
        with typed_errors():
            info: Any = await client.info()
        _check_version(str(info["redis_version"]))
    except BaseException:
        await client.aclose()
        raise
    if not info.get("cluster_enabled"):
        return client
    await client.aclose()
    address, options = _options(config, url)
    return RedisCluster.from_url(address, **options)


def _check_version(version: str) -> None:
    major, minor, *_ = version.split(".")
    if (int(major), int(minor)) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise ConfigError(f"redis.url: this is Redis {version}; run {oldest} or newer there")


def connect(config: RedisConfig, url: str | None = None) -> Redis:
    """A client of one server; `open_client` where it may be a cluster's. Connects when first used.

    Answers are text; bytes that are not UTF-8 survive as surrogates. Nothing is sent twice by the
    client itself: a repeated XADD would be a second thought. Who can repeat safely (the attention
    cycle, by its token) does so.

    Raises:
        ConfigError: there is no URL, or it is not one of Redis.
    """
    address, options = _options(config, url)
    client = Redis.from_url(address, retry=Retry(NoBackoff(), 0), **options)
    pool = client.connection_pool
    pool.connection_class = _own(pool.connection_class)
    return client


def _options(config: RedisConfig, url: str | None) -> tuple[str, dict[str, Any]]:
    address = url or config.url
    if not address or not address.startswith(_SCHEMES):
        raise ConfigError(
            f"redis.url: is {address!r}; give one that starts with redis://, rediss:// or unix://"
        )
    options: dict[str, Any] = {
        "decode_responses": True,
        "encoding_errors": "surrogateescape",
        "socket_timeout": config.timeout_s,
        "socket_connect_timeout": config.timeout_s,
        "username": config.username,
        "password": _password(config),
        "protocol": 2,
    }
    if config.ca_file is not None:
        options["ssl_ca_certs"] = str(config.ca_file)
    return address, {name: value for name, value in options.items() if value is not None}


def _own(connection_class: type[AbstractConnection]) -> type[AbstractConnection]:
    """The client library's class, with two things better."""

    class Connection(connection_class):  # type: ignore[misc, valid-type]
        async def send_packed_command(self, *args: Any, **options: Any) -> None:
            """Never loses a cancellation.

            `asyncio.wait_for`, which sends, does before Python 3.12 when what it waits for has
            just ended: a loop that is always sending would go on for ever.
            """
            task = asyncio.current_task()
            before = task.cancelling() if task else 0
            await super().send_packed_command(*args, **options)
            if task and task.cancelling() > before:
                await self.disconnect(nowait=True)  # the answer has nobody to read it
                raise asyncio.CancelledError

        def pack_command(self, *args: Any) -> list[bytes]:
            """In C, as the library's own blocking connections do: a cycle is 25 arguments."""
            try:
                return [hiredis.pack_command((*args[0].split(), *args[1:]))]
            except (TypeError, UnicodeEncodeError, AttributeError):
                return super().pack_command(*args)  # type: ignore[no-any-return]

    return Connection


def _password(config: RedisConfig) -> str | None:
    if config.password is not None:
        return config.password.get_secret_value()
    if config.password_file is None:
        return None
    try:
        return config.password_file.read_text().strip()
    except OSError as error:
        raise ConfigError(f"redis.password_file: {error}") from None


@contextmanager
def typed_errors() -> Iterator[None]:
    """Turns the client library's errors into ours, with the cure in the message.

    Raises:
        RedisUnavailable, WritesRefused, MemoryFull, ConfigError (a password or user that Redis
        refuses).
    """
    try:
        yield
    except redis.exceptions.NoPermissionError as error:
        raise ConfigError(f"redis.username: Redis does not allow this user: {error}") from error
    except redis.exceptions.OutOfMemoryError as error:
        raise MemoryFull(
            "Redis is at its maxmemory and takes no new thoughts; raise maxmemory or lower "
            f"streams.unconscious_maxlen ({error})"
        ) from error
    except (
        redis.exceptions.ConnectionError,
        redis.exceptions.TimeoutError,
        redis.exceptions.ClusterDownError,
        redis.exceptions.ReadOnlyError,
    ) as error:
        # The client library hides a refused password behind a lost connection.
        if _is_refusal(error) or _is_refusal(error.__cause__):
            raise ConfigError(
                f"redis.username, redis.password: Redis refuses them: {error}"
            ) from error
        raise RedisUnavailable(
            f"Redis does not answer: {str(error).rstrip('.')}; is it up? `thoughtstream up`"
        ) from error
    except redis.exceptions.ResponseError as error:
        if not str(error).startswith("MISCONF"):
            raise
        raise WritesRefused(
            f"Redis can't write to its disk and refuses writes; make room there ({error})"
        ) from error


def _is_refusal(error: BaseException | None) -> bool:
    refusals = (redis.exceptions.AuthenticationError, redis.exceptions.AuthorizationError)
    return isinstance(error, refusals)


async def server_ms(redis: Client) -> int:
    """The server's clock in milliseconds (TIME)."""
    seconds, micros = await redis.time()
    return int(seconds) * 1000 + int(micros) // 1000
