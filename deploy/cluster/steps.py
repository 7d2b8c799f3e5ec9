"""Steps on the cluster as a whole, carried out by commands to its nodes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.cluster import slots
from deploy.cluster.failover import disconnect_clients, fail_over
from deploy.cluster.membership import forget, meet, replicate, reset
from deploy.cluster.nodes import ClusterSpec, Nodes
from deploy.cluster.open_slots import close_open
from deploy.cluster.topology import Node
from deploy.steps import Step


@dataclass(frozen=True)
class ClusterStep(Step, ABC):
    """A step that needs more than its own host. When its turn comes it views the cluster, and does
    what is still to be done: roles may have changed since the plan was made.
    """

    @abstractmethod
    def carry_out(self, nodes: Nodes) -> bool:
        """Carries it out; returns whether anything was changed.

        Raises:
            ClusterError: it can't be done; the run ends.
        """


@dataclass(frozen=True)
class OnCluster(Step):
    """A cluster step in a host's plan: this host carries it out for all."""

    step: ClusterStep
    spec: ClusterSpec

    def __str__(self) -> str:
        return str(self.step)


@dataclass(frozen=True)
class FailOver(ClusterStep):
    """If the node is a master when its turn comes, a replica takes over; `successor`: which one, if
    it matters.
    """

    node: Node
    successor: Node | None = None

    def carry_out(self, nodes: Nodes) -> bool:
        return fail_over(nodes, self.node, self.successor) is not None

    def __str__(self) -> str:
        to = self.successor or "its best replica"
        return f"fail over from {self.node} to {to}, if it is a master by then"


@dataclass(frozen=True)
class DisconnectClients(ClusterStep):
    """Closes the client connections of a node that stops next, if it is a replica by then."""

    changes = False
    node: Node

    def carry_out(self, nodes: Nodes) -> bool:
        disconnect_clients(nodes, self.node)
        return False

    def __str__(self) -> str:
        return f"close client connections to {self.node}, if it is a replica by then"


@dataclass(frozen=True)
class Reshard(ClusterStep):
    """Moves slots until each master has as many as wanted; `moves`: as the plan sees it."""

    want: Mapping[Node, int]
    moves: tuple[slots.Move, ...]

    def carry_out(self, nodes: Nodes) -> bool:
        return slots.reshard(nodes, self.want)

    def __str__(self) -> str:
        return f"move slots: {', '.join(map(str, self.moves))}"


@dataclass(frozen=True)
class CloseSlots(ClusterStep):
    """Finishes interrupted moves; `among`: the members of the cluster by then; `search`: also those
    that no node remembers.
    """

    among: frozenset[Node]
    search: bool = False

    def carry_out(self, nodes: Nodes) -> bool:
        return close_open(nodes, self.among, search=self.search)

    def __str__(self) -> str:
        if self.search:
            return "return the keys that an interrupted move left on another master"
        return "close the slots that an interrupted move left open"


@dataclass(frozen=True)
class Meet(ClusterStep):
    """A new node joins the cluster."""

    node: Node
    known: Node

    def carry_out(self, nodes: Nodes) -> bool:
        return meet(nodes, self.node, self.known)

    def __str__(self) -> str:
        return f"{self.node} joins the cluster"


@dataclass(frozen=True)
class Replicate(ClusterStep):
    """A node becomes a replica of a master."""

    node: Node
    master: Node

    def carry_out(self, nodes: Nodes) -> bool:
        return replicate(nodes, self.node, self.master)

    def __str__(self) -> str:
        return f"{self.node} becomes a replica of {self.master}"


@dataclass(frozen=True)
class Forget(ClusterStep):
    """All nodes forget one that leaves, or is gone for good."""

    node_id: str
    name: str

    def carry_out(self, nodes: Nodes) -> bool:
        return forget(nodes, self.node_id)

    def __str__(self) -> str:
        return f"all nodes forget {self.name}"


@dataclass(frozen=True)
class Reset(ClusterStep):
    """A node that has left is emptied, so that it never rejoins with what it knew."""

    node: Node

    def carry_out(self, nodes: Nodes) -> bool:
        return reset(nodes, self.node)

    def __str__(self) -> str:
        return f"reset {self.node}: it forgets the cluster"
