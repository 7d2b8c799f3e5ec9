"""Every directive of redis.conf that an inventory can set: type, unit, default, reason, and whether
Redis takes a new value while it runs (`CONFIG SET`) or only at a start.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.config import JsonDict

from deploy.quantities import Bytes, format_bytes
from deploy.versions import Version
from thoughtstream.directives import DEFAULTS, MEMORY_SHARE, text
from thoughtstream.keys import NOTIFY_EVENTS

KIB, MIB = 1 << 10, 1 << 20
LOOPBACK = ip_address("127.0.0.1")


@dataclass(frozen=True)
class Directive:
    """One line of redis.conf. `live`: a running server takes a new value by CONFIG SET; `since`: an
    older Redis doesn't know it, and wouldn't start with it.
    """

    name: str
    value: str
    live: bool
    reason: str
    since: Version = (0, 0)


@dataclass(frozen=True)
class Certificates:
    """Paths of a host's certificate with its key, and of the authority, as Redis sees them."""

    own: str
    ca: str


def tls_directives(port: int, certificates: Certificates) -> tuple[Directive, ...]:
    """The directives by which a server speaks TLS on a port, and nothing else (its `port` is 0)."""
    own, ca = certificates.own, certificates.ca
    return (
        Directive("tls-port", str(port), False, "where clients connect, with TLS only"),
        Directive("tls-cert-file", own, True, "named after its content: a new one is noticed"),
        Directive("tls-key-file", own, True, "in the certificate's file: both change at once"),
        Directive("tls-ca-cert-file", ca, True, "the authority that nodes and clients trust"),
        Directive(
            "tls-auth-clients", "no", True, "clients authenticate by password, nodes by certificate"
        ),
    )


def _live(default: Any, reason: str, unit: str = "", **limits: Any) -> Any:
    return _field(default, reason, unit, live=True, **limits)


def _at_start(default: Any, reason: str, unit: str = "", **limits: Any) -> Any:
    return _field(default, reason, unit, live=False, **limits)


def _shared(name: str, **limits: Any) -> Any:
    """One that every Redis has, also the embedded one."""
    shared = DEFAULTS[name]
    return _field(shared.value, shared.reason, shared.unit, live=shared.live, **limits)


def _field(default: Any, reason: str, unit: str, *, live: bool, **limits: Any) -> Any:
    extra: JsonDict = {"live": live, "unit": unit}
    return Field(default, description=reason, json_schema_extra=extra, **limits)


class RedisSettings(BaseModel):
    """What an inventory may say of a Redis server. A field is named as its directive."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    bind: tuple[IPv4Address | IPv6Address, ...] = _live(
        ("127.0.0.1", "::1"), "loopback: nobody outside this host connects", "addresses"
    )
    port: int = _at_start(6379, "where clients connect", "TCP port", ge=1, le=65_535)
    protected_mode: Literal[True] = _live(True, "refuses strangers even if the ACL were lost")
    tcp_backlog: int = _at_start(511, "not yet accepted", "connections", ge=1, le=65_535)
    tcp_keepalive: int = _live(300, "finds dead clients", "seconds", ge=0)
    timeout: int = _live(0, "the service waits on idle connections: never close", "seconds", ge=0)
    maxclients: int = _live(
        10_000, "clients at once; the server may open 65535 files", "", ge=10, le=60_000
    )
    databases: Literal[1] = _shared("databases")
    io_threads: int = _at_start(1, "more only for a server that is bound by its network", ge=1)

    maxmemory: Bytes = _live(
        512 * MIB, f"at most {MEMORY_SHARE:.0%} of the host's: a rewrite copies what changes",
        "bytes", ge=16 * MIB,
    )  # fmt: skip
    maxmemory_policy: Literal["volatile-lru", "volatile-lfu", "volatile-ttl", "noeviction"] = (
        _shared("maxmemory-policy")
    )
    maxmemory_samples: int = _shared("maxmemory-samples", ge=1, le=64)
    maxmemory_clients: str = _shared("maxmemory-clients", pattern=r"^\d{1,2}%$|^0$")
    oom_score_adj: Literal["no", "yes", "absolute"] = _live(
        "yes", "the kernel kills a saving child before the server (yes means: relative)"
    )

    appendonly: Literal[True] = _shared("appendonly")
    appendfsync: Literal["everysec", "always"] = _shared("appendfsync")
    aof_timestamp_enabled: bool = _shared("aof-timestamp-enabled")
    no_appendfsync_on_rewrite: bool = _shared("no-appendfsync-on-rewrite")
    auto_aof_rewrite_percentage: int = _live(100, "rewritten when it has doubled", "%", ge=0)
    auto_aof_rewrite_min_size: Bytes = _live(64 * MIB, "not for small logs", "bytes", ge=MIB)
    save: str = _shared("save", pattern=r"^(\d+ \d+ ?)*$")
    repl_backlog_size: Bytes = _live(
        256 * MIB, "a replica that was away catches up without a full copy", "bytes", ge=MIB
    )
    shutdown_timeout: int = _shared("shutdown-timeout", ge=0)

    lazyfree_lazy_eviction: bool = _shared("lazyfree-lazy-eviction")
    lazyfree_lazy_expire: bool = _shared("lazyfree-lazy-expire")
    lazyfree_lazy_server_del: bool = _shared("lazyfree-lazy-server-del")
    lazyfree_lazy_user_del: bool = _shared("lazyfree-lazy-user-del")
    lazyfree_lazy_user_flush: bool = _shared("lazyfree-lazy-user-flush")

    enable_debug_command: Literal["no"] = _shared("enable-debug-command")
    enable_module_command: Literal["no"] = _shared("enable-module-command")
    notify_keyspace_events: str = _shared("notify-keyspace-events", pattern=r"^[KEg$lshzxetdmnA]*$")
    latency_monitor_threshold: int = _shared("latency-monitor-threshold", ge=0)
    slowlog_log_slower_than: int = _shared("slowlog-log-slower-than", ge=-1)
    slowlog_max_len: int = _shared("slowlog-max-len", ge=0)
    loglevel: Literal["debug", "verbose", "notice", "warning"] = _live("notice", "what is logged")

    @field_validator("maxmemory_policy", mode="before")
    @classmethod
    def _keeps_memories(cls, policy: object) -> object:
        if isinstance(policy, str) and policy.startswith("allkeys-"):
            raise ValueError(
                "would evict memories, which have no time to live; use volatile-lru (allkeys-* is "
                "for a server that is a pure cache)"
            )
        return policy

    @field_validator("notify_keyspace_events")
    @classmethod
    def _wakes_the_service(cls, flags: str) -> str:
        if missing := set(NOTIFY_EVENTS) - set(flags):
            raise ValueError(f"the service is woken by {NOTIFY_EVENTS!r}; add {sorted(missing)}")
        return flags

    @field_validator("bind", mode="before")
    @classmethod
    def _addresses(cls, given: object) -> object:
        names = given.split() if isinstance(given, str) else given
        if not isinstance(names, list | tuple) or not names:
            raise ValueError('give addresses, like ("127.0.0.1", "10.0.0.5")')
        addresses = tuple(dict.fromkeys(ip_address(name) for name in names))
        if any(address.is_unspecified or address.is_global for address in addresses):
            raise ValueError(
                "Redis is never published to the world: bind loopback or private addresses"
            )
        return addresses

    def of_node(self, address: str, port: int) -> "RedisSettings":
        """The same for a node of a cluster: on loopback and where the other hosts reach it.
        Replicas are its copies: it needs no snapshots, unless the inventory asks for them.
        """
        bound = (LOOPBACK, *self.bind, ip_address(address))
        save = self.save if "save" in self.model_fields_set else ""
        own = {"bind": tuple(dict.fromkeys(bound)), "port": port, "save": save}
        return self.model_copy(update=own)

    @property
    def local_address(self) -> str:
        """Where this host reaches its own server: loopback where it is bound."""
        own = next((address for address in self.bind if address.is_loopback), self.bind[0])
        return str(own)

    def directives(self) -> Iterator[Directive]:
        """The lines of redis.conf that these settings make, in the order of the fields."""
        for name, field in type(self).model_fields.items():
            extra = field.json_schema_extra
            if not isinstance(extra, dict) or field.description is None:
                raise TypeError(f"{name} is not a directive")
            value = _text(getattr(self, name), unit=str(extra["unit"]))
            live = bool(extra["live"])
            yield Directive(name.replace("_", "-"), value, live, field.description)


def _text(value: object, *, unit: str) -> str:
    if isinstance(value, tuple):
        return " ".join(_bind(address) for address in value)
    if isinstance(value, int) and unit == "bytes":
        return format_bytes(value)
    return text(value)


def _bind(address: IPv4Address | IPv6Address) -> str:
    """`-`: a host without IPv6 still starts."""
    return f"-{address}" if address.version == 6 and address.is_loopback else str(address)
