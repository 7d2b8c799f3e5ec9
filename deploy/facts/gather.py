"""All facts of one host, read once before anything is planned."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from pyinfra.api.facts import FactBase

from deploy.claim import Claim
from deploy.cluster.state import NodeView
from deploy.cluster.topology import Node
from deploy.commands import RedisCli
from deploy.facts.claim import ClaimsFact
from deploy.facts.cluster import NodesFact
from deploy.facts.docker import DockerFact, DockerState, RegistryFact
from deploy.facts.embedded import EmbeddedFact, EmbeddedState
from deploy.facts.files import (
    Disk,
    DiskFact,
    MasterauthFact,
    PathsFact,
    PathState,
    SecretDigestsFact,
)
from deploy.facts.machine import Machine
from deploy.facts.redis import RedisFact, RedisState
from deploy.facts.software import Software, SoftwareFact
from deploy.facts.units import DaemonsFact, Listener, ListenersFact, UnitsFact, UnitState
from deploy.layout import Layout
from thoughtstream.acl import Role

T = TypeVar("T")


@dataclass(frozen=True)
class Facts:
    """What a host is now. `servers`: the Redis servers of a cluster's host, by unit; `nodes`: their
    views of the cluster; `masterauth`: the sha256 of the password that they have for their master;
    `claims`: whose it is; `inventory`: the name of the run's, which `gather` is told.
    """

    machine: Machine
    local: bool = False
    inventory: str = ""
    claims: tuple[Claim, ...] = ()
    paths: dict[str, PathState] = field(default_factory=dict)
    secrets: dict[Role, str] = field(default_factory=dict)
    software: Software = field(default_factory=Software)
    units: dict[str, UnitState] = field(default_factory=dict)
    docker: DockerState | None = None
    redis: RedisState | None = None
    listeners: dict[int, Listener] = field(default_factory=dict)
    disk: Disk = field(default_factory=Disk)
    embedded: EmbeddedState | None = None
    servers: Mapping[str, RedisState | None] = field(default_factory=dict)
    nodes: Mapping[Node, NodeView | None] = field(default_factory=dict)
    masterauth: str | None = None

    def of(self, unit: str) -> "Facts":
        """The same host, seen from one of its servers."""
        return replace(self, redis=self.servers.get(unit)) if self.servers else self


@dataclass(frozen=True)
class Watch:
    """The facts that a runtime needs, in addition to the machine's. `disk`: where its data is; with
    a `volume`, it is in that one of Docker's instead. `claims`: where it may say whose it is.
    """

    paths: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    secrets: dict[Role, str] = field(default_factory=dict)
    software: Layout | None = None
    units: tuple[str, ...] = ()
    own_units: bool = False
    launchd_domain: str | None = None
    images: tuple[str, ...] = ()
    pulled: tuple[str, ...] = ()
    containers: tuple[str, ...] = ()
    cli: RedisCli | None = None
    nodes: Mapping[Node, RedisCli] = field(default_factory=dict)
    masterauth: str | None = None
    ports: tuple[int, ...] = ()
    disk: str | None = None
    volume: str | None = None
    program: str | None = None


class Reader(Protocol):
    """How a fact is read on one host: pyinfra's `host.get_fact`, or anything like it."""

    def __call__(self, name_or_cls: type[FactBase[T]], *args: Any) -> T: ...


def gather(
    read: Reader, machine: Machine, watch: Watch, *, local: bool, inventory: str = ""
) -> Facts:
    """Reads a host. Nothing is changed, and what can't be read is None or absent."""
    docker = _docker(read, watch) if watch.containers else None
    in_docker = watch.volume and docker and docker.root
    disk = f"{docker.root}/volumes/{watch.volume}" if in_docker and docker else watch.disk
    layout, cli = watch.software, watch.cli
    return Facts(
        machine=machine,
        local=local,
        inventory=inventory,
        claims=read(ClaimsFact, watch.claims) if watch.claims else (),
        paths=read(PathsFact, watch.paths),
        secrets=read(SecretDigestsFact, watch.secrets) if watch.secrets else {},
        software=(
            read(SoftwareFact, (layout.owner.service, layout.owner.web), layout.current)
            if layout
            else Software()
        ),
        units=_units(read, watch),
        docker=docker,
        redis=read(RedisFact, cli) if cli else None,
        servers={cli.layout.redis_unit: read(RedisFact, cli) for cli in watch.nodes.values()},
        nodes=_nodes(read, watch.nodes),
        masterauth=read(MasterauthFact, watch.masterauth) if watch.masterauth else None,
        listeners=read(ListenersFact, watch.ports) if watch.ports else {},
        disk=read(DiskFact, disk) if disk else Disk(),
        embedded=read(EmbeddedFact, watch.program) if watch.program else None,
    )


def _docker(read: Reader, watch: Watch) -> DockerState | None:
    """Of images that aren't there, their registries tell which ones their tags mean."""
    found = read(DockerFact, watch.images, watch.containers)
    missing = [image for image in watch.pulled if found and image not in found.images]
    if found is None or not missing:
        return found
    told = {image: (digest,) for image, digest in read(RegistryFact, missing).items() if digest}
    return replace(found, digests=found.digests | told)


def _nodes(read: Reader, clis: Mapping[Node, RedisCli]) -> dict[Node, NodeView | None]:
    found = read(NodesFact, clis) if clis else {}
    return {node: found.get(str(node)) for node in clis}


def _units(read: Reader, watch: Watch) -> dict[str, UnitState]:
    if not watch.units:
        return {}
    if watch.launchd_domain:
        return read(DaemonsFact, watch.launchd_domain, watch.units)
    return read(UnitsFact, watch.units, watch.own_units)
