"""A cluster's nodes, to be looked at and told what to do, wherever they run."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from deploy.cluster.health import problems
from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Node
from deploy.commands import RedisCli

CURE = "mend what is named here and run again: it goes on where it stopped"
_POLL_S = 0.2
_PATIENCE_S = 10.0
"""Who waits for longer is told why, and may mend it meanwhile."""
_SHOWN = 20
_COLOURS = re.compile(r"\x1b\[[\d;]*m")


class ClusterError(Exception):
    """A cluster isn't, or doesn't become, what a step needs; each line says what and the cure."""

    def __init__(self, what: str, *lines: str) -> None:
        more = [f"… and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
        super().__init__("\n  ".join([what, *lines[:_SHOWN], *more]))


def refused(node: Node, command: Sequence[str], said: str) -> ClusterError:
    """What a node's answer comes to when it is an error."""
    what = "a script" if command[0] == "eval" else " ".join(command[:2])
    lines = (line.strip() for line in _COLOURS.sub("", said).splitlines())
    return ClusterError(f"{node} refused {what}", *[line for line in lines if line][-5:])


@dataclass(frozen=True)
class ClusterSpec:
    """The nodes that the inventory wants, each with how it is asked on its own host."""

    nodes: Mapping[Node, RedisCli] = field(repr=False)
    replicas: int
    timeout_s: int

    @property
    def hosts(self) -> list[str]:
        """Of the inventory, in the order that every host of a run has them."""
        return sorted({node.host for node in self.nodes})

    @property
    def first(self) -> str:
        """The host that does what one of them has to do for all."""
        return self.hosts[0]

    def on(self, host: str) -> dict[Node, RedisCli]:
        """The nodes of one host."""
        return {node: cli for node, cli in self.nodes.items() if node.host == host}


class Nodes(Protocol):
    """The nodes of a spec, reached."""

    @property
    def spec(self) -> ClusterSpec: ...

    def view(self) -> ClusterView:
        """What all of them say now."""

    def ask(self, node: Node, *command: str) -> str:
        """What a node answers its admin.

        Raises:
            ClusterError: it can't be reached, or answers with an error.
        """

    def tell(self, text: str) -> None:
        """Tells the operator how far it is."""


def wait(nodes: Nodes, unmet: Callable[[ClusterView], list[str]], what: str) -> ClusterView:
    """Polls until nothing is unmet any more, as long as the spec allows; returns the last view. A
    node that doesn't answer, as while it loads what it follows now, is waited for, too.

    Raises:
        ClusterError: it doesn't come true; with what was unmet in the end.
    """
    began, told, tell_s = time.monotonic(), list[str](), _PATIENCE_S
    while lines := _unmet(unmet, view := nodes.view()):
        waited = time.monotonic() - began
        if waited > nodes.spec.timeout_s:
            raise ClusterError(f"waited {nodes.spec.timeout_s} s in vain: {what}", *lines)
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
    """The gate: waits until the cluster has no problems."""
    return wait(
        nodes, lambda view: problems(view, nodes.spec.replicas), f"the cluster is well; {CURE}"
    )
