"""Creating a cluster: whether it is to be created from the nodes, exists already, or needs a person
to decide; and how. A cluster that holds anything is never created again.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from deploy.cluster.nodes import ClusterError, Nodes, wait, wait_until_healthy
from deploy.cluster.slots import ranges
from deploy.cluster.state import SLOTS, ClusterView, NodeView
from deploy.cluster.steps import ClusterStep
from deploy.cluster.topology import Node, Shard


def slots_of(shards: int, index: int) -> range:
    """The slots of one of so many shards."""
    return range(SLOTS * index // shards, SLOTS * (index + 1) // shards)


def is_to_be_created(view: ClusterView, offline: Collection[Node], shards: Sequence[Shard]) -> bool:
    """Whether all nodes are new, or creating the cluster was interrupted; False: it exists.

    `offline`: the nodes that don't answer, but have been in a cluster.

    Raises:
        ClusterError: neither; with what it should be, what it is, and what has to be decided.
    """
    new = [node for node in view.nodes if node not in offline and _is_new(view.nodes[node])]
    if len(new) == len(view.nodes):
        return True
    served = frozenset[int]().union(*(view[master].slots for master in view.masters))
    lines = [
        f"{member.endpoint} is a member of the cluster, but not in the inventory; add its host to "
        "the inventory, or remove it from the cluster (deploy.remove_node)"
        for member in view.unknown_members()
    ]
    whole = len(served) == SLOTS or bool(offline)
    if whole and not new and not lines:
        return False
    if not whole and not lines and not offline and _half_made(view, shards):
        return True
    lines += [
        f"{node} is new and empty, and not in the cluster yet; add it (deploy.add_node, or "
        "deploy.replace_node for a host that was lost)"
        for node in new
    ]
    if not whole:
        lines.append(f"no node serves {SLOTS - len(served)} of the slots; find the node that did")
    raise ClusterError(
        "the nodes are neither new nor the inventory's cluster; nothing was changed",
        *lines,
        "the inventory says:",
        *plan_of(shards),
    )


def _is_new(found: NodeView | None) -> bool:
    return found is None or found.is_new


def _half_made(view: ClusterView, shards: Sequence[Shard]) -> bool:
    """Whether creating it was interrupted: no node holds data, serves another shard's slots, or
    knows a node that isn't in the inventory.
    """
    there = {found.id for found in view.present.values()}
    known = (member for found in view.present.values() for member in found.members)
    if any(member.id not in there and member.lost != "handshake" for member in known):
        return False
    for index, shard in enumerate(shards):
        for node in shard.nodes:
            found = view.nodes.get(node)
            if found is None:
                continue
            own = slots_of(len(shards), index) if node == shard.master else range(0)
            if found.keys or not found.slots <= frozenset(own):
                return False
            if not found.is_master and view.node(found.master_id) not in (None, shard.master):
                return False
    return True


def plan_of(shards: Sequence[Shard]) -> list[str]:
    """The shards, a line each, for an operator."""
    ranges = [slots_of(len(shards), index) for index in range(len(shards))]
    return [
        f"slots {slots[0]}-{slots[-1]}: master {shard.master}"
        + "".join(f", replica {replica}" for replica in shard.replicas)
        for slots, shard in zip(ranges, shards, strict=True)
    ]


@dataclass(frozen=True)
class CreateCluster(ClusterStep):
    """Creates the cluster from new nodes, or resumes creating it."""

    shards: tuple[Shard, ...]

    def __str__(self) -> str:
        return f"create the cluster: {'; '.join(plan_of(self.shards))}"

    def carry_out(self, nodes: Nodes) -> bool:
        view = nodes.view()
        if not is_to_be_created(view, (), self.shards):
            return False
        for index, shard in enumerate(self.shards):
            _serve(nodes, view[shard.master], shard.master, index, len(self.shards))
        first = self.shards[0].master
        met = {member.id for member in view[first].members if not member.lost}
        for node in view.nodes:
            if view[node].id not in met:
                nodes.ask(first, "cluster", "meet", node.address, str(node.port))
        view = wait(nodes, lambda now: list(_unmet(now)), "the nodes did not all meet")
        for shard in self.shards:
            for replica in shard.replicas:
                if view.master_of(replica) != shard.master:
                    nodes.ask(replica, "cluster", "replicate", view[shard.master].id)
        wait_until_healthy(nodes)
        return True


def _serve(nodes: Nodes, found: NodeView, master: Node, index: int, shards: int) -> None:
    """Assigns a master its missing slots, and an epoch of its own, so that there is no collision to
    resolve later.
    """
    if len(found.members) == 1 and found.info.get("cluster_my_epoch") == "0":
        with suppress(ClusterError):  # it has met another node since; then Redis resolves it
            nodes.ask(master, "cluster", "set-config-epoch", str(index + 1))
    missing = frozenset(slots_of(shards, index)) - found.slots
    ends = [str(end) for pair in ranges(missing) for end in pair]
    if ends:
        nodes.ask(master, "cluster", "addslotsrange", *ends)


def _unmet(view: ClusterView) -> Iterator[str]:
    """Which node doesn't know which yet."""
    for node, found in view.nodes.items():
        if found is None:
            yield f"{node} doesn't answer"
            continue
        known = {member.id for member in found.members if not member.lost}
        for other, its in view.present.items():
            if its.id not in known:
                yield f"{node} doesn't know {other}"
