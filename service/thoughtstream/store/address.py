"""Addresses as people write them: what is wrong with one is said before anything connects."""

import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from redis.asyncio.connection import parse_url
from redis.exceptions import RedisError

from thoughtstream import discretion
from thoughtstream.config import ConfigError

_SCHEMES = ("redis://", "rediss://", "unix://")
_PERCENT = "write it by percent (# as %23, / as %2F, ? as %3F, @ as %40), or set redis.password"


def checked(address: str | None) -> list[str]:
    """The URL of each node that an address names; its password is never shown from here on.

    Raises:
        ConfigError: it is no address of Redis; the message says what to write instead.
    """
    if not address or not address.startswith(_SCHEMES):
        given = discretion.shown(address) if address else address
        raise ConfigError(
            f"redis.url: is {given!r}; give one that starts with redis://, rediss:// or unix://"
        )
    discretion.keep_of(address)
    try:
        parts = urlsplit(address)
    except ValueError:
        raise ConfigError(
            "redis.url: is no URL; an IPv6 address stands in brackets, redis://[::1]:6379"
        ) from None
    if parts.scheme == "unix":
        return [address]
    if parts.fragment or not re.fullmatch(r"/?[0-9]*/?", parts.path) or _password_in_query(parts):
        raise ConfigError(_mangled(address))
    user, at, nodes = parts.netloc.rpartition("@")
    if "," not in nodes:
        _check_port(address)
        return [address]
    urls = [urlunsplit(parts._replace(netloc=user + at + node)) for node in nodes.split(",")]
    for url in urls:
        _check_port(url)
    return urls


def database_of(address: str) -> int:
    """The number of the database that an address names.

    Raises:
        ConfigError: it is no address of Redis.
    """
    return int(options_of(checked(address)[0]).get("db") or 0)


def _password_in_query(parts: Any) -> bool:
    """`redis://:who?knows@host`: what seems a host is where a password begins."""
    return "@" in parts.query and "@" not in parts.netloc and ":" in parts.netloc.lstrip("[")[:1]


def _mangled(address: str) -> str:
    if "@" in address:
        return f"redis.url: a part of its password is read as something else; {_PERCENT}"
    return f"redis.url: is {address!r}; after the host comes a database, like /0, and nothing else"


def _check_port(url: str) -> None:
    try:
        port = urlsplit(url).port
    except ValueError:
        port = 0
    if port == 0:
        raise ConfigError(
            f"redis.url: is {discretion.shown(url)!r}; a port is a number from 1 to 65535, and of "
            f"what is special in a password, {_PERCENT}"
        )


def options_of(address: str) -> dict[str, Any]:
    """What a checked URL says, as the client library names it.

    Raises:
        ConfigError: an option has a value of the wrong kind.
    """
    try:
        return dict(parse_url(address))
    except ValueError as error:
        raise ConfigError(f"redis.url: {discretion.without_secrets(str(error))}") from None


def try_out(pool: Any) -> None:
    """Make a connection of a pool, without connecting.

    Raises:
        ConfigError: the URL has options that there aren't, or values that they can't have.
    """
    try:
        pool.connection_class(**pool.connection_kwargs)
    except TypeError as error:
        unknown = re.search(r"unexpected keyword argument '(\w+)'", str(error))
        if unknown is None:
            raise
        raise ConfigError(f"redis.url: has no option {unknown[1]!r}; leave it out") from None
    except (RedisError, ValueError) as error:
        cure = "; it is none, optional or required" if "Requirements Flag" in str(error) else ""
        raise ConfigError(f"redis.url: {discretion.without_secrets(str(error))}{cure}") from None
