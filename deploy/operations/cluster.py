"""Steps on the cluster as a whole: each is carried out once, by commands to its nodes."""

from collections.abc import Callable, Generator
from functools import partial

import gevent
from pyinfra import logger
from pyinfra.api.command import StringCommand
from pyinfra.api.facts import FactBase
from pyinfra.api.operation import operation
from pyinfra.context import host, inventory, state

from deploy.cluster.barrier import Barrier
from deploy.cluster.nodes import CURE, ClusterError, ClusterSpec, Nodes, refused
from deploy.cluster.state import ClusterView, NodeView
from deploy.cluster.steps import OnCluster
from deploy.cluster.topology import Node
from deploy.facts.base import PATH
from deploy.facts.cluster import NodesFact
from deploy.operations.connection_loss import fact_or_default, is_lost
from deploy.operations.dispatch import perform
from deploy.operations.gates import fails

_SSH_TIMEOUT_S = 30
"""A host that doesn't answer for this long is unreachable."""
_LONG_S = 1800
"""A command may take this long, as when slots with much data move."""
_SILENT = {"_ignore_errors": True}
"""An unreachable host is no error to pyinfra: to the gate, its nodes don't answer."""


class Answer(FactBase[tuple[bool, str]]):
    """Whether a command succeeds, and its output."""

    def command(self, what: str) -> str:
        return f'{PATH}; export PATH; {{ {what}; }} 2>&1; echo "exit $?"'

    def process(self, output: list[str]) -> tuple[bool, str]:
        return output[-1] == "exit 0", "\n".join(output[:-1])

    @staticmethod
    def default() -> tuple[bool, str]:
        return False, "the host doesn't answer"


class ConnectedNodes(Nodes):
    """Nodes reached by pyinfra's connections to their hosts."""

    def __init__(self, spec: ClusterSpec) -> None:
        self._spec = spec

    @property
    def spec(self) -> ClusterSpec:
        return self._spec

    def view(self) -> ClusterView:
        """One command per host, on all hosts at once.

        Raises:
            ClusterError: a connection is lost. pyinfra doesn't reconnect: this run can't continue.
        """
        if lost := [name for name in self.spec.hosts if is_lost(inventory.get_host(name))]:
            raise ClusterError(f"the connection to {', '.join(lost)} is lost; {CURE}")
        reads = [gevent.spawn(self._read, name) for name in self.spec.hosts]
        found = {name: view for read in gevent.joinall(reads) for name, view in read.get().items()}
        return ClusterView({node: found.get(str(node)) for node in self.spec.nodes})

    def _read(self, name: str) -> dict[str, NodeView | None]:
        other = inventory.get_host(name)
        return fact_or_default(
            other, NodesFact, self.spec.on(name), _timeout=_SSH_TIMEOUT_S, **_SILENT
        )

    def ask(self, node: Node, *command: str) -> str:
        command_line = self.spec.nodes[node](*command)
        other = inventory.get_host(node.host)
        ok, said = fact_or_default(other, Answer, command_line, _timeout=_LONG_S, **_SILENT)
        if not ok:
            raise refused(node, command, said)
        return said

    def tell(self, text: str) -> None:
        logger.info(f"{host.print_prefix}{text}")


@operation()
def change_cluster(change: Callable[[], bool]) -> Generator[StringCommand, None, None]:
    """Changes the cluster, unless it turns out that there is nothing to change. What can't be done
    ends the run on all hosts, with the reason.
    """
    if state.is_executing:
        try:
            if not change():
                return
        except (ClusterError, LookupError) as error:
            yield from fails(*str(error).splitlines())
            return
    yield StringCommand("true")


@operation()
def barrier(ready: Callable[[], object] | None = None) -> Generator[StringCommand, None, None]:
    """All hosts pass it together; one of them may first wait until the cluster is `ready`. Nothing
    is changed.
    """
    if state.is_executing and ready is not None:
        try:
            ready()
        except (ClusterError, LookupError) as error:
            yield from fails(*str(error).splitlines())


@perform.register
def _barrier(step: Barrier) -> None:
    ready = step.spec and step.ready and partial(step.ready, ConnectedNodes(step.spec))
    barrier(name=str(step), ready=ready or None)


@perform.register
def _on_cluster(step: OnCluster) -> None:
    nodes = ConnectedNodes(step.spec)
    change_cluster(name=str(step), change=partial(step.step.carry_out, nodes))
