"""One Redis server of a host, as it should be: where it is, its files, its users."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from deploy.cluster.directives import node_directives
from deploy.cluster.topology import Node
from deploy.commands import RedisCli
from deploy.config_files import (
    LocalDirectives,
    redis_conf,
    redis_directives,
    users_acl,
)
from deploy.directives import Certificates, Directive, tls_directives
from deploy.facts.gather import Facts
from deploy.facts.redis import RedisState
from deploy.layout import Layout
from deploy.runtimes.acl_drift import drifted_users
from deploy.runtimes.base import (
    File,
    changed,
    missing_directories,
    redis_directory,
)
from deploy.runtimes.live_or_restart import live_changes, restart_only, restart_reasons
from deploy.runtimes.secrets import Secrets
from deploy.settings import BUS, Stack
from deploy.steps import ApplyLive, ApplyMasterauth, LoadAcl, MakeDirectory, PutAcl, Step
from deploy.versions import Version

_UNKNOWN: Version = (0, 0)


@dataclass(frozen=True)
class ServerSpec:
    """Where one Redis of a host lives, and with which settings; `node`: as one of a cluster's."""

    stack: Stack
    layout: Layout
    port: int
    setting: str
    node: Node | None = None

    @property
    def unit(self) -> str:
        """The name of its unit or container."""
        return self.layout.redis_unit

    @property
    def ports(self) -> dict[str, int]:
        """Where it listens, by what sets it."""
        bus = {f"{self.setting} (the bus of {self.port})": self.port + BUS} if self.node else {}
        return {self.setting: self.port, **bus}

    def beside(self, certificates: Certificates | None) -> tuple[Directive, ...]:
        """What it is told beside the inventory's settings: of TLS, and as a node."""
        if self.node and self.stack.cluster:
            return node_directives(self.stack.cluster, self.node, certificates)
        return tls_directives(self.port, certificates) if certificates else ()


def specs_of(stack: Stack, layout: Layout, nodes: Sequence[Node]) -> list[ServerSpec]:
    """One for the only Redis of a host, or one for each of its nodes."""
    if not nodes:
        return [ServerSpec(stack.of_server(), layout, stack.redis.port, "redis.port")]
    return [
        ServerSpec(
            stack.of_node(node.address, node.port),
            layout.of_node(node.port),
            node.port,
            "cluster.port",
            node,
        )
        for node in nodes
    ]


def service_url(host: Iterable[ServerSpec]) -> str:
    """Where the service finds the Redis of its host; of a cluster any of its nodes will do. They
    are known by the address that they announce, which is also what their certificates are for.
    """
    specs = list(host)
    return f"{scheme_of(specs[0].stack)}://{','.join(map(_endpoint, specs))}/0"


def scheme_of(stack: Stack) -> str:
    """What the URL of a server begins with."""
    return "rediss" if stack.tls else "redis"


def _endpoint(spec: ServerSpec) -> str:
    address = spec.node.address if spec.node else spec.stack.redis.local_address
    return f"{in_url(address)}:{spec.port}"


def in_url(address: str) -> str:
    """An address as it stands before a port."""
    return f"[{address}]" if ":" in address else address


class Server:
    """One Redis of a host: where it is, how it is asked, what its files should hold."""

    def __init__(
        self, spec: ServerSpec, cli: RedisCli, local: LocalDirectives, secrets: Secrets
    ) -> None:
        self.spec = spec
        self.layout = spec.layout
        self.cli = cli
        self.local = local
        self.secrets = secrets
        stack = spec.stack
        self.restart_only = restart_only(stack, local)
        self.directives = redis_directives(stack, local)

    @property
    def name(self) -> str:
        """What a backup calls it."""
        return str(self.spec.node) if self.spec.node else "redis"

    @property
    def address(self) -> str:
        """Where it is reached on its host."""
        return self.spec.node.address if self.spec.node else self.cli.address

    @property
    def _owner(self) -> tuple[str, str]:
        return self.layout.owner.admin, self.layout.owner.redis_group

    def conf(self, version: Version) -> File:
        """`redis.conf` for this version of Redis."""
        text = redis_conf(self.spec.stack, self.local, version)
        return File(self.layout.redis_conf, text, *self._owner, self.layout.redis_mode)

    @property
    def acl(self) -> PutAcl:
        """The step that writes the users."""
        secrets = tuple(self.secrets.files.items())
        return PutAcl(self.layout.acl, secrets, *self._owner, self.layout.redis_mode)

    @property
    def directory(self) -> MakeDirectory:
        """Of its configuration."""
        return redis_directory(self.layout, self.layout.redis_etc)

    @property
    def paths(self) -> list[str]:
        """Every path that this part looks after."""
        return [self.directory.path, self.layout.redis_conf, self.acl.path]

    def configuration(
        self, facts: Facts, *, restart: bool, starts: Version | None
    ) -> Iterator[Step]:
        """The configuration's files; with no restart to come, what is to change live. `starts`: the
        version that would start where none runs.
        """
        if self.spec.node:
            yield from missing_directories([self.directory], facts)
        running = None if restart else facts.redis
        if running and (changes := live_changes(self.directives, running)):
            yield ApplyLive(self.reached(running), changes)
        version = facts.redis.number if facts.redis else starts
        yield from (file.step() for file in changed([self.conf(version or _UNKNOWN)], facts))
        write = self._acl_differs(facts)
        if write:
            yield self.acl
        if running and (write or drifted_users(facts.secrets, running, self.secrets.roles)):
            yield LoadAcl(self.cli)
        if running and self.spec.node and running.masterauth != facts.secrets.get("replica"):
            yield ApplyMasterauth(self.cli, self.layout.secret("replica"))

    def reached(self, running: RedisState | None) -> RedisCli:
        """How it is asked as it runs now: with TLS or without, whatever the inventory wants."""
        return replace(self.cli, tls=running.authority) if running else self.cli

    def restart_reasons(self, running: RedisState | None) -> str:
        """The directives for which it must restart, as a person reads them."""
        if running is None:
            return ""
        return restart_reasons([*self.local.directives(), *self.directives], running)

    def _acl_differs(self, facts: Facts) -> bool:
        roles = self.secrets.roles
        digests = {role: facts.secrets[role] for role in roles if role in facts.secrets}
        if len(digests) < len(roles):
            return True
        acl = self.acl
        return File(acl.path, users_acl(digests), acl.user, acl.group, acl.mode).differs(facts)
