"""The runtimes: how a stack is put on one kind of host. Pure: no I/O, only facts in, steps out."""

from collections.abc import Sequence

from deploy.cluster.topology import Node
from deploy.facts.machine import Machine
from deploy.runtimes.base import Runtime
from deploy.runtimes.darwin import DarwinNative
from deploy.runtimes.docker import Docker
from deploy.runtimes.embedded import Embedded
from deploy.runtimes.linux import LinuxNative
from deploy.runtimes.server_runtime import ServerRuntime
from deploy.settings import Stack


def runtime_of(stack: Stack, machine: Machine, host: str = "") -> Runtime:
    """The runtime that the inventory chose, for this kind of machine; `host`: its name there."""
    if stack.runtime == "embedded":
        return Embedded(stack, machine)
    return server_runtime_of(stack, machine, host=host)


def server_runtime_of(
    stack: Stack, machine: Machine, nodes: Sequence[Node] = (), host: str = ""
) -> ServerRuntime:
    """The same where Redis is a server of the host; `nodes`: those of a cluster that it has."""
    if stack.runtime == "docker":
        return Docker(stack, machine, nodes, host)
    if machine.system == "Darwin":
        return DarwinNative(stack, machine, host)
    return LinuxNative(stack, machine, nodes, host)
