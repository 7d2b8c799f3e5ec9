"""What runtimes with Redis servers of their own share: one server, or a cluster's many nodes."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from deploy.cluster.directives import STATE_FILE
from deploy.cluster.topology import Node
from deploy.commands import RedisCli
from deploy.facts.gather import Facts
from deploy.layout import Layout
from deploy.runtimes.base import Runtime
from deploy.runtimes.secrets import Secrets
from deploy.runtimes.server import Server
from deploy.settings import Stack
from deploy.steps import Step


class Serving(Runtime, ABC):
    """A host that serves."""

    stack: Stack
    layout: Layout
    secrets: Secrets
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
        return {server.seat.node: server.cli for server in self.servers if server.seat.node}

    def state_file(self, node: Node) -> str:
        """What a node remembers of its cluster."""
        return f"{self.layout.of_node(node.port).redis_data}/{STATE_FILE}"

    @abstractmethod
    def why(self, server: Server, facts: Facts) -> tuple[str, bool]:
        """Why a Redis must (re)start, and whether that stops one that runs; "" if it needn't."""

    @abstractmethod
    def restart(self, node: Node, why: str) -> list[Step]:
        """The restart of a node, until it answers."""

    @abstractmethod
    def healthy(self) -> Step:
        """The gate that a host passes once its service is healthy."""

    @abstractmethod
    def retire(self) -> list[Step]:
        """The service stops for good: the host leaves its cluster."""

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
            if stops and server.seat.node:
                yield server.seat.node, why, facts.of(server.seat.unit).redis is not None
