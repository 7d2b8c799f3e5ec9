"""What every runtime with Redis servers of its own shares: one server, or a cluster's nodes."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar

from deploy.claim import Claim, others
from deploy.cluster.directives import STATE_FILE
from deploy.cluster.topology import Node
from deploy.commands import RedisCli
from deploy.facts.gather import Facts
from deploy.facts.machine import Machine
from deploy.facts.redis import RedisState
from deploy.layout import Layout, configurations
from deploy.runtimes.base import File, Runtime, missing_directories, shared_directories
from deploy.runtimes.certificates import HostTls
from deploy.runtimes.secrets import Secrets
from deploy.runtimes.server import Server
from deploy.runtimes.web import HostWeb
from deploy.settings import Stack
from deploy.steps import MakeDirectory, RefuseWrites, RewriteLog, Step
from thoughtstream.acl import Role


class ServerRuntime(Runtime, ABC):
    """A host that Redis runs on."""

    clusters: ClassVar[bool] = True
    """Whether its servers can be nodes of a cluster."""
    stack: Stack
    machine: Machine
    layout: Layout
    tls: HostTls | None
    secrets: Secrets
    web: HostWeb | None
    """None where none is wanted."""
    servers: list[Server]

    @property
    def command(self) -> str:
        return self.layout.command

    @property
    def cli(self) -> RedisCli:
        """How to ask the host's first Redis."""
        return self.servers[0].cli

    @property
    def nodes(self) -> dict[Node, RedisCli]:
        """How to ask each node of a cluster."""
        return {server.spec.node: server.cli for server in self.servers if server.spec.node}

    def state_file(self, node: Node) -> str:
        """What a node remembers of its cluster."""
        return f"{self.layout.of_node(node.port).redis_data}/{STATE_FILE}"

    def problems(self, facts: Facts) -> Iterator[str]:
        """On a host that is another's, what else there is would only mislead."""
        yield from self.others(facts) or self.shortcomings(facts)

    def others(self, facts: Facts) -> list[str]:
        """Why the host is another's; empty: it is ours, or nobody's."""
        return list(others(self.claim(facts.inventory), facts.claims, self.layout.claim))

    @abstractmethod
    def shortcomings(self, facts: Facts) -> Iterator[str]:
        """Why the host can't have it, each with its cure."""

    @property
    def data(self) -> str:
        """Where Redis's data is: a directory, or a volume of Docker's."""
        return self.layout.data

    @property
    def claimed(self) -> tuple[str, ...]:
        """Where the host may say whose it is, whatever runtime it has."""
        return configurations(self.machine.system, self.machine.home or "")

    def claim(self, inventory: str) -> Claim:
        """What the host says of itself once this is there."""
        cluster = self.stack.cluster
        port = cluster.port if cluster else self.stack.redis.port
        kind = "cluster" if cluster else "server"
        return Claim(self.stack.runtime, kind, port, inventory, self.data)

    def claiming(self, facts: Facts) -> Iterator[Step]:
        """The file that says so, once Redis is there. Nobody names the inventory: none."""
        wanted, owner = self.claim(facts.inventory), self.layout.owner
        if facts.inventory and wanted not in facts.claims:
            text = wanted.to_json()
            yield File(self.layout.claim, text, owner.admin, owner.admin_group).step()

    @property
    def shared_paths(self) -> list[str]:
        """The paths of what the host's servers and its service share."""
        directories = [directory.path for directory in self._directories_shared]
        return [*directories, *self.secrets.paths, *(self.tls.paths if self.tls else [])]

    @property
    def _directories_shared(self) -> list[MakeDirectory]:
        return shared_directories(self.layout, web=self.stack.web.enabled)

    def shared(self, facts: Facts, sources: Mapping[Role, str]) -> Iterator[Step]:
        """The steps to what they share: directories, passwords, certificates."""
        yield from missing_directories(self._directories_shared, facts)
        yield from self.secrets.preparation(facts, sources)
        if self.tls:
            yield from self.tls.preparation(facts)

    def cautions(self, facts: Facts) -> Iterator[str]:
        if self.stack.plaintext and self.stack.exposed:
            yield (
                f"redis.bind: {', '.join(self.stack.exposed)} is served without TLS, as plaintext "
                "says: whoever is on that network reads passwords and thoughts"
            )

    @abstractmethod
    def why(self, server: Server, facts: Facts) -> tuple[str, bool]:
        """Why a Redis must (re)start, and whether that stops one that runs; "" if it needn't."""

    def before_restart(self, server: Server, running: RedisState | None = None) -> Iterator[Step]:
        """What is done with a Redis that answers, as `running`, and is about to restart. A node of
        a cluster hands over instead of refusing writes.
        """
        cli = server.reached(running)
        yield RewriteLog(cli)
        if server.spec.node is None:
            yield RefuseWrites(cli)

    @abstractmethod
    def restart(self, node: Node | None, why: str) -> list[Step]:
        """The restart of a node, or of the only server, until it answers."""

    @abstractmethod
    def healthy(self) -> Step:
        """The gate that a host passes once its service is healthy."""

    @abstractmethod
    def retire(self) -> list[Step]:
        """What serves minds stops for good: the host leaves its cluster."""

    def downgrades(self, facts: Facts) -> Iterator[str]:
        """The nodes that run a newer Redis than an upgrade would bring, as far as facts tell."""
        yield from ()

    def fetch(self, facts: Facts) -> list[Step]:
        """What an upgrade brings to the host before anything refers to it."""
        return []

    def install(self, facts: Facts) -> list[Step]:
        """What an upgrade puts in place of Redis's program, beside the one that runs."""
        return []

    def outdated(self, facts: Facts, running: str, unit: str) -> str:
        """Why a server of this unit that runs this version must restart after that; "" if it
        needn't, or if its restart follows from other settings (an image's name).
        """
        return ""

    def restarts(self, facts: Facts) -> dict[Node, str]:
        """The nodes of a cluster that run and must restart, and why."""
        return {node: why for node, why, answers in self._stopping(facts) if answers}

    def deaf(self, facts: Facts) -> list[Node]:
        """The nodes of a cluster that run and don't answer their admin."""
        return [node for node, _, answers in self._stopping(facts) if not answers]

    def _stopping(self, facts: Facts) -> Iterator[tuple[Node, str, bool]]:
        """The nodes that a restart would stop: why, and whether they answer now."""
        for server in self.servers:
            why, stops = self.why(server, facts)
            if stops and server.spec.node:
                yield server.spec.node, why, facts.of(server.spec.unit).redis is not None
