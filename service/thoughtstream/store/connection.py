"""Connecting to Redis: finds out whether there is one server or a cluster, and who we are there."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import redis.exceptions
from redis.asyncio.connection import SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider

from thoughtstream.config import ConfigError, RedisConfig
from thoughtstream.discretion import keep, without_secrets
from thoughtstream.errors import MemoryFull, RedisUnavailable, WritesRefused
from thoughtstream.store.address import checked, options_of, try_out
from thoughtstream.store.client import Client
from thoughtstream.store.cluster import Cluster
from thoughtstream.store.connection_class import MOST_CONNECTIONS, own
from thoughtstream.store.hedging import hedged
from thoughtstream.store.outages import OUTAGES, is_not_now, is_refusal, is_untrusted, said
from thoughtstream.store.said import info_of
from thoughtstream.store.server import Server
from thoughtstream.versions import OLDEST, dotted, major_minor

_CONNECT_S = 1.0
"""To a node of a cluster, at most: it is near, and if it is gone another has what it had."""

_HEDGE_S = 0.2


async def open_client(
    config: RedisConfig, url: str | None = None, *, waits: bool = False
) -> Client:
    """A client for `url`, else for the URL of the settings: of a cluster, if that is one's node.

    `waits`: a command waits for `redis.patience_s` also for one server that restarts. (In a cluster
    it always does.) Whoever goes on by himself need not: he'd be told late.

    Of a cluster the URL may name several nodes, `redis://one:7001,other:7001`: any will do.

    Raises:
        ConfigError: the URL, user or password is wrong, or the server is too old.
        RedisUnavailable: nothing answers there.
    """
    addresses = checked(url or config.url)
    questions = [partial(_info, config, address) for address in addresses]
    address, info = await hedged(questions, _HEDGE_S, (RedisUnavailable,))
    _check_version(str(info["redis_version"]))
    if info.get("cluster_enabled"):
        return _cluster(config, addresses)
    server = connect(config, address)
    server.patience_s = config.patience_s if waits else 0
    return server


async def _info(config: RedisConfig, address: str) -> tuple[str, Any]:
    client = connect(config, address)
    try:
        with typed_errors():
            return address, await info_of(client)
    finally:
        await client.aclose()


def _cluster(config: RedisConfig, addresses: Sequence[str]) -> Cluster:
    places: list[dict[str, Any]] = [options_of(one) for one in addresses]
    _, options = _options(config, addresses[0])
    options["socket_connect_timeout"] = min(config.timeout_s, _CONNECT_S)
    first = {name: value for name, value in places[0].items() if name not in ("host", "port", "db")}
    if first.pop("connection_class", None) is SSLConnection:
        first["ssl"] = True
    seeds = [(str(p.get("host", "localhost")), int(p.get("port", 6379))) for p in places]
    one = partial(connect_to, config, addresses[0])
    return Cluster(config.patience_s, seeds, one, **(options | first))


def _check_version(version: str) -> None:
    if major_minor(version) < OLDEST:
        raise ConfigError(
            f"redis.url: this is Redis {version}; run {dotted(OLDEST)} or newer there"
        )


def connect(config: RedisConfig, url: str | None = None) -> Server:
    """A client of one server; `open_client` where it may be a cluster's. Connects when first used.

    Answers are text; bytes that are not UTF-8 survive as surrogates. Nothing is sent twice that
    may have been executed: a repeated XADD would be a second thought. Who can repeat safely (the
    attention cycle, by its token) does so.

    Raises:
        ConfigError: there is no URL, or it is not one of Redis.
    """
    address, options = _options(config, url)
    options["max_connections"] = MOST_CONNECTIONS
    options_of(address)
    client: Any = Server.from_url(address, retry=Retry(NoBackoff(), 0), **options)
    pool = client.connection_pool
    pool.connection_class = own(pool.connection_class, config.server_name)
    try_out(pool)
    return client  # type: ignore[no-any-return]


@asynccontextmanager
async def connect_to(config: RedisConfig, address: str, server: str) -> AsyncIterator[Server]:
    """A client of one server, `host:port`, of the cluster that a node's URL is of."""
    parts = urlsplit(address)
    user, at, _ = parts.netloc.rpartition("@")
    host, _, port = server.rpartition(":")
    where = f"{user}{at}{f'[{host}]' if ':' in host else host}:{port}"
    client = connect(config, urlunsplit(parts._replace(netloc=where)))
    try:
        yield client
    finally:
        await client.aclose()


def _options(config: RedisConfig, url: str | None) -> tuple[str, dict[str, Any]]:
    address = str(url or config.url or "")
    checked(address)
    options: dict[str, Any] = {
        "decode_responses": True,
        "encoding_errors": "surrogateescape",
        "socket_timeout": config.timeout_s,
        "socket_connect_timeout": config.timeout_s,
        "protocol": 2,
        **_credentials(config, address),
    }
    if config.ca_file is not None:
        if not config.ca_file.is_file():
            raise ConfigError(f"redis.ca_file: there is no file {config.ca_file}")
        options["ssl_ca_certs"] = str(config.ca_file)
    return address, {name: value for name, value in options.items() if value is not None}


def _credentials(config: RedisConfig, address: str) -> dict[str, Any]:
    """Who we are; what the URL says about it goes before the settings."""
    if config.password_file is not None and "@" not in urlsplit(address).netloc:
        return {"credential_provider": _PasswordFile(config.username, config.password_file)}
    password = config.password.get_secret_value() if config.password else None
    keep(password)
    return {"username": config.username, "password": password}


class _PasswordFile(CredentialProvider):
    """The password is read for every new connection: one that has changed is taken up.

    Raises:
        ConfigError: it can't be read to begin with.
    """

    def __init__(self, username: str | None, file: Path) -> None:
        self._username = username
        self._file = file
        try:
            self._password = file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"redis.password_file: {error}") from None
        keep(self._password)

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """The user, if one is named, and the password."""
        with suppress(OSError):  # then what it was
            self._password = self._file.read_text().strip()
            keep(self._password)
        return (self._username, self._password) if self._username else (self._password,)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        """The same: the file is small and local."""
        return self.get_credentials()


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
            "Redis is at its maxmemory and takes nothing new; raise maxmemory, or keep less "
            f"(streams.unconscious_maxlen, queue.results_bytes) ({error})"
        ) from error
    except OUTAGES as error:
        if is_refusal(error):
            raise ConfigError(
                f"redis.username, redis.password: Redis refuses them: {error}"
            ) from error
        if is_untrusted(error):
            raise ConfigError(
                "redis.ca_file, redis.server_name: they do not vouch for the server's certificate: "
                f"{error}"
            ) from error
        if "DB index is out of range" in str(error):
            raise ConfigError(
                "redis.url: the server has no database of this number; name one that it has"
            ) from error
        raise RedisUnavailable(
            f"Redis does not answer: {without_secrets(str(error)).rstrip('.')}; is it up? "
            "`thoughtstream up`"
        ) from error
    except redis.exceptions.ResponseError as error:
        if is_not_now(error):
            raise RedisUnavailable(f"Redis can't do this just now: {error}") from error
        if not said(error).startswith("MISCONF"):
            raise
        raise WritesRefused(
            f"Redis can't write to its disk and refuses writes; make room there ({error})"
        ) from error
