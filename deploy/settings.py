"""What an inventory may say. Everything is checked when the inventory is read, before anything
connects; what only the host can tell (its memory, its ports) is checked by `preflight`.
"""

from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    DirectoryPath,
    Field,
    FilePath,
    ValidationError,
    field_validator,
    model_validator,
)
from pyinfra.api.exceptions import InventoryError

from deploy import age
from deploy.directives import RedisSettings
from deploy.pem import unusable
from deploy.quantities import Bytes, about, parse_bytes
from deploy.versions import tagged
from thoughtstream.config import (
    BudgetsConfig,
    EmbeddedConfig,
    MemoryConfig,
    MetricsConfig,
    StreamConfig,
)
from thoughtstream.directives import MEMORY_SHARE
from thoughtstream.explaining import explain
from thoughtstream.versions import OLDEST, dotted

BUS = 10_000
"""A node's bus is on its port and so much more."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DockerSettings(_Section):
    """The runtime `docker`: images, and what their containers may use."""

    image: str = Field("redis:8.2", description=f"Redis, {dotted(OLDEST)} or newer")
    python_image: str = Field("python:3.13-slim", description="the base of the service's image")
    python: str = Field("3.13", pattern=r"^3\.\d+$", description="its version of Python")
    memory_limit: Bytes | None = Field(
        None, description="memory of Redis's container; by default three quarters of the host's"
    )
    service_memory_limit: Bytes = Field(
        512 << 20, ge=64 << 20, description="memory of the service's container"
    )
    web_memory_limit: Bytes = Field(
        512 << 20, ge=128 << 20, description="memory of the web process's container"
    )
    insight: bool = Field(False, description="whether RedisInsight runs beside it")
    insight_image: str = Field("redis/redisinsight:2.70", description="RedisInsight's image")
    insight_port: int = Field(8001, ge=1, le=65_535, description="RedisInsight's port on loopback")

    @model_validator(mode="after")
    def _knows_its_python(self) -> Self:
        tag = self.python_image.partition("@")[0].rpartition(":")[2]
        if tag.startswith("3.") and not tag.startswith(self.python):
            raise ValueError(f"python: is {self.python}, but python_image is {self.python_image!r}")
        if "alpine" in tag:
            raise ValueError("python_image: the wheels need glibc; use a Debian image (slim)")
        return self

    @field_validator("image")
    @classmethod
    def _is_new_enough(cls, image: str) -> str:
        version = tagged(image)
        if version and (*version, 99)[:2] < OLDEST:
            raise ValueError(
                f"is older than Redis {dotted(OLDEST)}, and has no Functions; use redis:8.2"
            )
        return image


class ServiceSettings(_Section):
    """The attention/memory service."""

    streams: StreamConfig = StreamConfig()
    memory: MemoryConfig = MemoryConfig()
    budgets: BudgetsConfig = BudgetsConfig()
    metrics: MetricsConfig = MetricsConfig()
    log: Literal["console", "json"] = "json"
    start_timeout_s: int = Field(
        120, ge=1, le=3600, description="seconds within which Redis and the service must be healthy"
    )


class WebServerSettings(_Section):
    """The web process: the page, HTTP and MCP, beside the service of each host."""

    enabled: bool = Field(True, description="whether it runs")
    bind: IPv4Address | IPv6Address = Field(
        IPv4Address("127.0.0.1"), description="the address it listens on"
    )
    port: int = Field(8700, ge=1024, le=65_535)
    hosts: tuple[str, ...] = Field(
        (), description="names, beside localhost and bind, by which it is asked"
    )
    behind_proxy: bool = Field(False, description="a proxy in front of it does TLS")
    tls_cert: FilePath | None = Field(
        None, description="its certificate with the chain (PEM), on the machine that deploys"
    )
    tls_key: FilePath | None = Field(None, description="the key of that (PEM)")

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key: give both, or none")
        if self.tls_cert and self.tls_key and (why := unusable(self.tls_cert, self.tls_key)):
            raise ValueError(f"tls_cert, tls_key: {why}")
        if not (self.bind.is_loopback or self.tls_cert or self.behind_proxy):
            raise ValueError(
                f"bind: {self.bind} is not loopback; give tls_cert and tls_key, or set "
                "behind_proxy where a proxy does TLS"
            )
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """By which it is asked, beside localhost."""
        is_one = not (self.bind.is_loopback or self.bind.is_unspecified)
        return (*self.hosts, str(self.bind)) if is_one else self.hosts


class ClusterSettings(_Section):
    """A Redis Cluster over all hosts of the inventory."""

    nodes: int = Field(2, ge=1, le=32, description="Redis nodes on each host")
    replicas: int = Field(1, ge=0, le=5, description="replicas of each shard, each on another host")
    port: int = Field(
        7001, ge=1024, le=55_535, description="port of a host's first node; the others follow it"
    )
    node_timeout_ms: int = Field(
        5000, ge=500, le=60_000, description="silence after which a node counts as failed"
    )

    @model_validator(mode="after")
    def _has_bus_ports(self) -> Self:
        if self.ports[-1] > 65_535 - BUS:
            raise ValueError(
                f"port: the bus of the last node would be on {self.ports[-1] + BUS}; choose "
                f"{65_536 - BUS - self.nodes} at most"
            )
        return self

    @property
    def ports(self) -> range:
        """Of the nodes of one host."""
        return range(self.port, self.port + self.nodes)


class TlsSettings(_Section):
    """Certificates, as files on the machine that deploys."""

    ca: FilePath = Field(description="the authority that servers and clients trust")
    certificates: DirectoryPath = Field(description="has <host>.crt and <host>.key of each host")

    def certificate(self, host: str) -> tuple[Path, Path]:
        """A host's certificate and its key."""
        return self.certificates / f"{host}.crt", self.certificates / f"{host}.key"


class BackupSettings(_Section):
    """What `deploy.backup` makes of this host."""

    recipients: tuple[str, ...] = Field(
        (), description="public keys (age or SSH) that backups are encrypted to; none: they aren't"
    )

    @field_validator("recipients")
    @classmethod
    def _are_public_keys(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        keys = tuple(text.strip() for text in given)  # of a file, they end with a line's end
        for number, text in enumerate(keys, 1):
            try:
                age.recipient(text)
            except ValueError as error:  # it is not repeated: it may be a secret one
                raise ValueError(f"number {number} {error}") from None
        return keys


class Stack(_Section):
    """What one host should be. Make it with `stack`."""

    runtime: Literal["docker", "native", "embedded"] = "docker"
    redis: RedisSettings = RedisSettings()
    docker: DockerSettings = DockerSettings()
    service: ServiceSettings = ServiceSettings()
    web: WebServerSettings = WebServerSettings()
    prometheus: bool = False
    backup: BackupSettings = BackupSettings()
    embedded: EmbeddedConfig = EmbeddedConfig()
    cluster: ClusterSettings | None = None
    tls: TlsSettings | None = None
    plaintext: bool = Field(
        False, description="whether Redis may be asked without TLS where redis.bind is not loopback"
    )

    @model_validator(mode="after")
    def _says_nothing_in_vain(self) -> Self:
        idle = {
            "docker": {"embedded", "prometheus"},
            "native": {"embedded", "docker"},
            "embedded": {
                "docker",
                "redis",
                "web",
                "prometheus",
                "backup",
                "cluster",
                "tls",
                "plaintext",
            },
        }
        if vain := idle[self.runtime] & self.model_fields_set:
            raise ValueError(
                f"{', '.join(sorted(vain))}: has no meaning with runtime {self.runtime!r}; "
                "leave it out or choose another runtime"
            )
        return self

    @model_validator(mode="after")
    def _fits_its_container(self) -> Self:
        limit = self.docker.memory_limit
        if limit is not None and self.redis.maxmemory > limit * MEMORY_SHARE:
            raise ValueError(
                f"docker.memory_limit: {about(limit)} is too little for redis.maxmemory "
                f"{about(self.redis.maxmemory)}; give at least "
                f"{about(int(self.redis.maxmemory / MEMORY_SHARE))}"
            )
        return self

    @model_validator(mode="after")
    def _budgets_fit(self) -> Self:
        """Those of the domains, into the memory of one server."""
        embedded = self.runtime == "embedded"
        maxmemory = parse_bytes(self.embedded.maxmemory) if embedded else self.redis.maxmemory
        plan = self.service.budgets.planned(maxmemory)
        if sum(plan.values()) > maxmemory:
            parts = ", ".join(f"{name} {about(amount)}" for name, amount in plan.items() if amount)
            raise ValueError(
                f"service.budgets: the sum is {about(sum(plan.values()))} ({parts}), but "
                f"{'embedded' if embedded else 'redis'}.maxmemory is {about(maxmemory)}; lower "
                "some, or raise it"
            )
        return self

    @model_validator(mode="after")
    def _publishes_somewhere(self) -> Self:
        if self.runtime == "docker" and all(str(a) == "::1" for a in self.redis.bind):
            raise ValueError("redis.bind: has only ::1, which Docker may lack; add 127.0.0.1")
        return self

    @model_validator(mode="after")
    def _is_read_by_nobody_else(self) -> Self:
        if self.tls and self.plaintext:
            raise ValueError("plaintext: has no meaning with tls; leave one out")
        if self.exposed and not (self.tls or self.plaintext):
            raise ValueError(
                f"redis.bind: {', '.join(self.exposed)} is not loopback: passwords and thoughts "
                'would be read on the way; give tls={"ca": …, "certificates": …}, or set '
                "plaintext=True where nobody else is on that network"
            )
        return self

    @model_validator(mode="after")
    def _has_a_port_each(self) -> Self:
        if self.docker.insight and self.docker.insight_port == self.redis.port:
            raise ValueError(f"docker.insight_port: {self.redis.port} is redis.port; change one")
        others = {self.service.metrics.port: "service.metrics.port"}
        others |= {9090: "prometheus's"} if self.prometheus else {}
        if self.docker.insight:
            others[self.docker.insight_port] = "docker.insight_port"
        if self.cluster is None:
            others[self.redis.port] = "redis.port"
        else:
            others |= dict.fromkeys(self.cluster.ports, "a node's")
            others |= dict.fromkeys((port + BUS for port in self.cluster.ports), "a node's bus")
        is_server = self.runtime != "embedded"
        if is_server and self.web.enabled and self.web.port in others:
            raise ValueError(f"web.port: {self.web.port} is {others[self.web.port]}; change one")
        return self

    @model_validator(mode="after")
    def _has_what_prometheus_scrapes(self) -> Self:
        if self.prometheus and not (self.web.enabled and self.service.metrics.port):
            raise ValueError(
                "prometheus: scrapes the web process and the service; set web.enabled and "
                "service.metrics.port, or leave it out"
            )
        return self

    @model_validator(mode="after")
    def _is_one_or_many(self) -> Self:
        if self.cluster is None:
            return self
        if "port" in self.redis.model_fields_set:
            raise ValueError(
                "redis.port: has no meaning in a cluster; leave it out, and set cluster.port"
            )
        if self.docker.insight and self.docker.insight_port in self.cluster.ports:
            raise ValueError(
                f"docker.insight_port: {self.docker.insight_port} is a node's; change one"
            )
        return self

    @property
    def exposed(self) -> tuple[str, ...]:
        """The addresses of `redis.bind` at which others reach it."""
        return tuple(str(address) for address in self.redis.bind if not address.is_loopback)

    @property
    def maxmemory(self) -> int:
        """Of all Redis servers of a host together, in bytes."""
        return self.redis.maxmemory * (self.cluster.nodes if self.cluster else 1)

    def of_node(self, address: str, port: int) -> "Stack":
        """The stack as one node of a cluster has it."""
        redis = self.redis.of_node(address, port)
        return self.model_copy(update={"redis": redis}).of_server()

    def of_server(self) -> "Stack":
        """The stack as one Redis has it: with TLS, it has no port without."""
        if self.tls is None:
            return self
        return self.model_copy(update={"redis": self.redis.model_copy(update={"port": 0})})

    def to_json(self) -> dict[str, Any]:
        """For pyinfra's `debug-inventory --json`."""
        return self.model_dump(mode="json", exclude_unset=True)


def stack(**settings: Any) -> Stack:
    """What a host should be, from plain data: `stack(runtime="native", redis={"port": 6380})`.

    Raises:
        InventoryError: a field is wrong or unknown; each line names its path. Nothing connected.
    """
    try:
        return Stack.model_validate(settings)
    except ValidationError as error:
        raise InventoryError("the inventory is invalid\n" + explain(error, Stack)) from None
