"""The state of a cluster, as its nodes report it. Pure: redis-cli's answers in, views out."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from deploy.cluster.topology import Node

SLOTS = 16_384
QUESTIONS = (
    "cluster nodes", "cluster info", "info server", "info memory", "info persistence",
    "info replication", "info keyspace",
)  # fmt: skip
"""What a node is asked; `NodeView.parse` reads the answers."""

_LOST = ("fail", "fail?", "handshake", "noaddr")
_ID_LENGTH = 40


@dataclass(frozen=True)
class Member:
    """One line of CLUSTER NODES: what a node thinks of another, or of itself."""

    id: str
    endpoint: str
    flags: frozenset[str]
    master_id: str | None
    slots: frozenset[int] = field(repr=False)
    open_slots: frozenset[int]

    @property
    def is_master(self) -> bool:
        return "master" in self.flags

    @property
    def lost(self) -> str:
        """The flag that says it is missing; "" if it isn't."""
        return next((flag for flag in _LOST if flag in self.flags), "")


@dataclass(frozen=True)
class NodeView:
    """What one node reports."""

    me: Member
    members: tuple[Member, ...]
    info: Mapping[str, str] = field(repr=False)

    @classmethod
    def parse(cls, lines: list[str]) -> "NodeView | None":
        """Reads the answers to `QUESTIONS`; None if the node didn't answer them all."""
        info, members = {}, []
        for line in lines:
            first = line.partition(" ")[0]
            if len(first) == _ID_LENGTH and ":" not in first:
                members.append(_member(line))
            elif ":" in line:
                key, _, value = line.partition(":")
                info[key] = value.strip()
        me = next((member for member in members if "myself" in member.flags), None)
        if me is None or not {"cluster_state", "redis_version", "role"} <= info.keys():
            return None
        return cls(me, tuple(members), info)

    @classmethod
    def blank(cls, node: Node) -> "NodeView":
        """What a node will report that has never been started yet."""
        flags = frozenset({"myself", "master"})
        me = Member(f"new {node}", node.endpoint, flags, None, frozenset(), frozenset())
        return cls(me, (me,), {"role": "master", "cluster_state": "ok", "redis_version": ""})

    @property
    def id(self) -> str:
        return self.me.id

    @property
    def is_master(self) -> bool:
        """As the node itself sees it; the others see it a moment later."""
        return self.info["role"] == "master"

    @property
    def master_id(self) -> str | None:
        """The id of a replica's master."""
        return self.me.master_id

    @property
    def slots(self) -> frozenset[int]:
        """Those that it serves as a master."""
        return self.me.slots

    @property
    def open_slots(self) -> frozenset[int]:
        """Those that are moving to or from it."""
        return self.me.open_slots

    @property
    def state(self) -> str:
        return self.info["cluster_state"]

    @property
    def slots_ok(self) -> int:
        """The slots of the whole cluster that it sees served."""
        return self._number("cluster_slots_ok")

    @property
    def link_up(self) -> bool:
        """Whether a replica is receiving its master's stream."""
        return (
            self.info.get("master_link_status") == "up"
            and self.info.get("master_sync_in_progress") == "0"
        )

    @property
    def offset(self) -> int:
        """How much of its shard's replication stream it has."""
        return self._number("master_repl_offset" if self.is_master else "slave_repl_offset")

    @property
    def loading(self) -> bool:
        return self.info.get("loading") == "1"

    @property
    def keys(self) -> int:
        found = self.info.get("db0", "")
        return int(found.partition("keys=")[2].partition(",")[0] or 0)

    @property
    def used_memory(self) -> int:
        return self._number("used_memory")

    @property
    def maxmemory(self) -> int:
        return self._number("maxmemory")

    @property
    def dataset(self) -> int:
        """Bytes of data, without overhead."""
        return self._number("used_memory_dataset")

    @property
    def uptime_s(self) -> int:
        return self._number("uptime_in_seconds")

    @property
    def version(self) -> str:
        return self.info["redis_version"]

    @cached_property
    def owners(self) -> frozenset[tuple[str, frozenset[int]]]:
        """Who serves which slots, as it sees them."""
        return frozenset((member.id, member.slots) for member in self.members if member.slots)

    def owners_but_of(self, slots: frozenset[int]) -> frozenset[tuple[str, frozenset[int]]]:
        """The same, without some slots."""
        if not slots:
            return self.owners
        others = ((name, its - slots) for name, its in self.owners)
        return frozenset((name, its) for name, its in others if its)

    @property
    def is_new(self) -> bool:
        """Whether it knows no other node, serves no slots and holds no keys."""
        return len(self.members) == 1 and not self.slots and not self.keys and self.is_master

    def _number(self, name: str) -> int:
        return int(self.info.get(name) or 0)


@dataclass(frozen=True)
class ClusterView:
    """What all nodes of the inventory report; None: a node doesn't answer."""

    nodes: Mapping[Node, NodeView | None]

    @cached_property
    def _by_id(self) -> dict[str, Node]:
        return {view.id: node for node, view in self.nodes.items() if view}

    def only(self, nodes: Collection[Node]) -> "ClusterView":
        """The view of some of the nodes."""
        return ClusterView({node: found for node, found in self.nodes.items() if node in nodes})

    @property
    def present(self) -> dict[Node, NodeView]:
        """The nodes that answer."""
        return {node: view for node, view in self.nodes.items() if view}

    def node(self, node_id: str | None) -> Node | None:
        """The node of the inventory with this id."""
        return self._by_id.get(node_id or "")

    def __getitem__(self, node: Node) -> NodeView:
        """What a node reports.

        Raises:
            LookupError: it doesn't answer.
        """
        view = self.nodes.get(node)
        if view is None:
            raise LookupError(f"{node} doesn't answer")
        return view

    @property
    def masters(self) -> list[Node]:
        """The nodes that are masters and have slots."""
        return [node for node, view in self.present.items() if view.is_master and view.slots]

    def master_of(self, node: Node) -> Node | None:
        """The master of a replica."""
        view = self[node]
        return None if view.is_master else self.node(view.master_id)

    def knows(self, node: Node, other: Node) -> bool:
        """Whether a node knows another as a member."""
        return any(member.id == self[other].id for member in self[node].members)

    @property
    def open_slots(self) -> frozenset[int]:
        """Those that are moving, according to any node."""
        return frozenset[int]().union(*(found.open_slots for found in self.present.values()))

    def replicas(self, master: Node) -> list[Node]:
        """The replicas of a master."""
        return [node for node in self.present if self.master_of(node) == master]

    def unknown_members(self) -> Iterator[Member]:
        """Members that some node knows and the inventory doesn't, each once. A node in a handshake
        is no member yet: its id is one that Redis makes up until it answers.
        """
        known = {view.id for view in self.present.values()}
        unresponsive = {node.endpoint for node, view in self.nodes.items() if view is None}
        seen = set()
        for view in self.present.values():
            for member in view.members:
                own = member.id in known or member.endpoint in unresponsive
                if not own and member.id not in seen and member.lost != "handshake":
                    seen.add(member.id)
                    yield member


def _member(line: str) -> Member:
    node_id, address, flags, master, _, _, _, _, *slots = line.split()
    ranges = tuple(slot for slot in slots if not slot.startswith("["))
    moving = [slot.strip("[]") for slot in slots if slot.startswith("[")]
    return Member(
        id=node_id,
        endpoint=address.partition("@")[0],
        flags=frozenset(flags.split(",")),
        master_id=None if master == "-" else master,
        slots=_slots(ranges),
        open_slots=frozenset(int(slot.partition("-")[0]) for slot in moving),
    )


@lru_cache
def _slots(ranges: tuple[str, ...]) -> frozenset[int]:
    """Cached, because every node repeats the same thousands of numbers in every view."""
    return frozenset(slot for text in ranges for slot in _range(text))


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)
