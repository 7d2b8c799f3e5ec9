"""The nodes of a cluster, wherever they run: their view, and the commands they are given."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from deploy.cluster.health import problems
from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Node
from deploy.commands import RedisCli

CURE = "fix what is named here and run again: it resumes where it stopped"
UNHEALTHY = "the cluster did not become healthy"
_POLL_S = 0.2
_PATIENCE_S = 10.0
"""An operator who waits longer is told why, and can fix it meanwhile."""
_SHOWN = 20
_COLOURS = re.compile(r"\x1b\[[\d;]*m")


class ClusterError(Exception):
    """A cluster isn't, or didn't become, what a step needs; each line names what, and the cure."""

    def __init__(self, what: str, *lines: str) -> None:
        more = [f"… and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
        super().__init__("\n  ".join([what, *lines[:_SHOWN], *more]))


def refused(node: Node, command: Sequence[str], said: str) -> ClusterError:
    """The error for a node that refuses a command."""
    what = "a script" if command[0] == "eval" else " ".join(command[:2])
    lines = (line.strip() for line in _COLOURS.sub("", said).splitlines())
    return ClusterError(f"{node} refused {what}", *[line for line in lines if line][-5:])


@dataclass(frozen=True)
class ClusterSpec:
    """The nodes that the inventory wants, how each is reached on its own host, and how long to wait
    for them.
    """

    nodes: Mapping[Node, RedisCli] = field(repr=False)
    replicas: int
    timeout_s: int

    @property
    def hosts(self) -> list[str]:
        """Those of the inventory, in the same order on every host of a run."""
        return sorted({node.host for node in self.nodes})

    @property
    def first(self) -> str:
        """The host that does what one host does for all."""
        return self.hosts[0]

    def on(self, host: str) -> dict[Node, RedisCli]:
        """The nodes of one host."""
        return {node: cli for node, cli in self.nodes.items() if node.host == host}


class Nodes(Protocol):
    """The nodes of a spec, connected."""

    @property
    def spec(self) -> ClusterSpec: ...

    def view(self) -> ClusterView:
        """What all of them report now."""

    def ask(self, node: Node, *command: str) -> str:
        """Gives a node a command as admin, and returns its answer.

        Raises:
            ClusterError: it can't be reached, or refuses.
        """

    def tell(self, text: str) -> None:
        """Tells the operator about progress."""


def wait(
    nodes: Nodes, unmet: Callable[[ClusterView], list[str]], failure: str, cure: str = ""
) -> ClusterView:
    """Polls until nothing is unmet, at most for the spec's timeout; returns the last view. A node
    that doesn't answer, as while it loads its new master's data, is waited for as well.

    Args:
        failure: what did not happen, if time runs out: "the cluster did not become healthy".

    Raises:
        ClusterError: time ran out; with what was still unmet.
    """
    began, told, tell_s = time.monotonic(), list[str](), _PATIENCE_S
    while lines := _unmet(unmet, view := nodes.view()):
        waited = time.monotonic() - began
        if waited > nodes.spec.timeout_s:
            what = f"{failure} within {nodes.spec.timeout_s} s"
            raise ClusterError(f"{what}; {cure}" if cure else what, *lines)
        if waited > tell_s and lines != told:
            nodes.tell("\n  ".join(["still waiting:", *lines[:_SHOWN]]))
            told, tell_s = lines, waited + _PATIENCE_S
        time.sleep(_POLL_S)
    return view


def _unmet(unmet: Callable[[ClusterView], list[str]], view: ClusterView) -> list[str]:
    try:
        return unmet(view)
    except LookupError as error:
        return [str(error)]


def wait_until_healthy(nodes: Nodes) -> ClusterView:
    """Waits until the cluster has no problems."""
    return wait(nodes, lambda view: problems(view, nodes.spec.replicas), UNHEALTHY, CURE)
