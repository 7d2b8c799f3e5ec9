"""The runtimes: how a stack is put on one kind of host. Pure: no I/O, only facts in, steps out."""

from collections.abc import Sequence

from deploy.cluster.topology import Node
from deploy.facts.machine import Machine
from deploy.runtimes.base import Runtime
from deploy.runtimes.darwin import DarwinNative
from deploy.runtimes.docker import Docker
from deploy.runtimes.embedded import Embedded
from deploy.runtimes.linux import LinuxNative
from deploy.settings import Stack


def runtime_of(stack: Stack, machine: Machine, nodes: Sequence[Node] = ()) -> Runtime:
    """The runtime that the inventory chose, for this kind of machine; `nodes`: those of a cluster
    that the host has.
    """
    if stack.runtime == "embedded":
        return Embedded(stack, machine)
    if stack.runtime == "docker":
        return Docker(stack, machine, nodes)
    if machine.system == "Darwin":
        return DarwinNative(stack, machine)
    return LinuxNative(stack, machine, nodes)
