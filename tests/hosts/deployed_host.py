"""A deployed host, as the verification asks it: by the facts and commands of the deployment."""

import json
from collections.abc import Sequence
from functools import cached_property
from shlex import join
from typing import Any, TypeVar

import testinfra.host
from pyinfra.api.facts import FactBase

from deploy.cluster.topology import Node, nodes_of
from deploy.facts.gather import Facts, gather
from deploy.facts.machine import MachineFact
from deploy.facts.redis import RedisFact, RedisState
from deploy.runtimes import runtime_of, server_runtime_of
from deploy.runtimes.docker import Docker
from deploy.runtimes.native import Native
from deploy.runtimes.server import Server
from deploy.settings import Stack
from thoughtstream.acl import Role

from .target import Target

T = TypeVar("T")


class DeployedHost:
    """One host of the inventory, and what the inventory says that it is."""

    def __init__(
        self, target: Target, host: testinfra.host.Host, all_targets: Sequence[Target]
    ) -> None:
        self.target = target
        self.host = host
        self.stack = stack_of(target)
        self.machine = self.read(MachineFact)
        self.nodes = all_nodes(all_targets, self.stack)
        own = [node for node in self.nodes if node.host == target.name]
        self.runtime = (
            server_runtime_of(self.stack, self.machine, own)
            if own
            else runtime_of(self.stack, self.machine, target.name)
        )

    def read(self, name_or_cls: type[FactBase[T]], *args: Any) -> T:
        """A fact, read now."""
        fact = name_or_cls()
        output = self.sh(str(fact.command(*args))).splitlines()
        return fact.process(output) if output else fact.default()

    @cached_property
    def facts(self) -> Facts:
        """All that the deployment would read, read once: it takes a host some work."""
        return self.facts_now()

    def facts_now(self) -> Facts:
        """The same, read anew."""
        return gather(self.read, self.machine, self.runtime.watch(), local=self.target.local)

    def sh(self, command: str) -> str:
        """What a shell command prints; it must succeed."""
        return str(self.host.check_output("sh -c %s", command))

    def succeeds(self, command: str) -> bool:
        """Whether a shell command succeeds."""
        return bool(self.host.run("sh -c %s", command).rc == 0)

    def thoughtstream(self, *arguments: str) -> Any:
        """The answer of a command of the host's `thoughtstream`."""
        return json.loads(self.sh(join([self.runtime.command, *arguments, "--json"])))


class ServerHost(DeployedHost):
    """A host with a Redis server of its own, in containers or under units."""

    def __init__(
        self, target: Target, host: testinfra.host.Host, all_targets: Sequence[Target]
    ) -> None:
        super().__init__(target, host, all_targets)
        assert isinstance(self.runtime, Native | Docker)
        self.deployed: Native | Docker = self.runtime

    @property
    def servers(self) -> list[Server]:
        """Every Redis of the host."""
        return self.deployed.servers

    def redis(self, server: Server) -> RedisState:
        """A Redis, as its admin sees it now."""
        state = self.read(RedisFact, server.cli)
        assert state is not None, f"{server.spec.unit} doesn't answer its admin"
        return state

    def secrets(self) -> dict[Role, str]:
        """The passwords themselves: to look for them where they must not be."""
        files = self.deployed.secrets.files
        return {role: self.sh(f"cat {path}") for role, path in files.items()}


def all_nodes(targets: Sequence[Target], stack: Stack) -> tuple[Node, ...]:
    """The nodes of the cluster that the inventory's hosts form; none without a cluster."""
    if stack.cluster is None:
        return ()
    return nodes_of({target.name: target.data["address"] for target in targets}, stack.cluster)


def stack_of(target: Target) -> Stack:
    """What the inventory says that a host is."""
    return Stack.model_validate(target.data["stack"])
