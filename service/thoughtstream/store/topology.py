"""Which node of a cluster has which slots: asked anew when somebody says that it has changed."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from redis.asyncio.cluster import ClusterNode
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    MovedError,
    RedisClusterException,
    SlotNotCoveredError,
)

from thoughtstream.store.calls import ERRORS, Call, is_connected
from thoughtstream.store.connection_class import close_all, over
from thoughtstream.store.hedging import hedged
from thoughtstream.store.shields import retrieved

_HEDGE_S = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """A node as an object with connections, of which there may be several over the time."""

    node: ClusterNode

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Node) and other.node is self.node

    def __hash__(self) -> int:
        return id(self.node)


class Topology:
    """The nodes of one client. `manager`: the client library's, which keeps the slots.

    `version` grows whenever slots may have another owner.
    """

    def __init__(self, manager: Any, seeds: Sequence[ClusterNode], **connection: Any) -> None:
        self.version = 0
        self.seeds = tuple(seeds)
        self._manager = manager
        self._connection = connection
        self._looking: asyncio.Task[None] | None = None
        self._seen: Any = None
        self._ever = set(map(_Node, seeds))
        manager.startup_nodes = {node.name: node for node in seeds}

    def known(self) -> list[ClusterNode]:
        """Every node that was ever said to be one, once."""
        found = {node.name: node for node in self.seeds}
        return list((found | self._manager.nodes_cache).values())

    def is_listed(self, node: ClusterNode) -> bool:
        """Whether the cluster says that it has this node."""
        return node.name in self._manager.nodes_cache

    def masters(self) -> list[ClusterNode]:
        """Those that have slots, each once."""
        owners = (nodes[0] for nodes in self._manager.slots_cache.values())
        return list({node.name: node for node in owners}.values())

    def node_of(self, call: Call) -> ClusterNode:
        """Where a command has to go.

        Raises:
            SlotNotCoveredError: nobody has its slot.
        """
        if call.node is not None:
            return call.node
        try:
            return self._manager.get_node_from_slot(call.slot)  # type: ignore[no-any-return]
        except KeyError:
            raise SlotNotCoveredError(f"no node has slot {call.slot}") from None

    def key_on(self, server: str, make: Callable[[int], str]) -> str:
        """The first of the keys that `make` makes of 0, 1, 2 … that this node has.

        Raises:
            RedisClusterException: it has no slots.
        """
        slots = {slot for slot, its in self._manager.slots_cache.items() if its[0].name == server}
        if not slots:
            raise RedisClusterException(f"{server} has no slots")
        return next(key for n in count() if key_slot((key := make(n)).encode()) in slots)

    async def look_again(self) -> None:
        """Ask the nodes who has which slots; what is under way is not disturbed.

        Raises:
            RedisClusterException, redis errors: nobody answers, or none has slots.
        """
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(retrieved)
        await asyncio.shield(self._looking)

    async def redirect(self, call: Call) -> None:
        """Follow what the answer of a call says about where to go."""
        call.node, call.asking, error = None, False, call.answer
        if isinstance(error, MovedError):
            self._seen = None
            self.version += 1
            self._manager.slots_cache.setdefault(error.slot_id, [])  # who told knew no owner of it
            await self._manager.move_slot(error)
        elif isinstance(error, AskError):
            call.node, call.asking = self._node_at(error.host, error.port), True
        self._remember()

    async def disconnect(self) -> None:
        """Close all connections for good."""
        try:
            if self._looking is not None:
                self._looking.cancel()
                await asyncio.wait({self._looking})
        finally:
            self._remember()
            for one in self._ever:
                one.node.connection_class = over(one.node.connection_class)
                await close_all(one.node._connections, for_good=True)

    async def _look(self) -> None:
        manager, slots = self._manager, None
        for _ in self.known():
            node, slots = await self._one_that_answers()
            if slots == self._seen:
                return
            self._remember()
            manager.startup_nodes = {node.name: node}
            kept = dict(manager.nodes_cache), manager.slots_cache
            try:
                await manager.initialize()
                break
            except (RedisClusterException, IndexError):  # since it answered it has gone, or left
                manager.nodes_cache, manager.slots_cache = kept
        else:
            raise RedisClusterException("no node of the cluster answers twice")
        self._remember()
        await self._tidy()
        self._seen = slots
        self.version += 1

    async def _tidy(self) -> None:
        """Nodes that are listed are trusted again; of the others no idle connection is kept."""
        listed = {_Node(node) for node in self._manager.nodes_cache.values()}
        for one in listed:  # they have done nothing wrong
            for connection in one.node._connections:
                connection.reset_should_reconnect()  # type: ignore[no-untyped-call]
        for one in self._ever - listed:
            await close_all(one.node._free)

    def _remember(self) -> None:
        self._ever |= set(map(_Node, self._manager.nodes_cache.values()))

    async def _one_that_answers(self) -> tuple[ClusterNode, Any]:
        """Any, and its CLUSTER SLOTS; who is silent is not waited for. Those with a connection that
        is good come first: on a busy host it takes long to make one.
        """
        nodes = self.known()
        random.shuffle(nodes)
        nodes.sort(key=is_connected, reverse=True)
        try:
            return await hedged([partial(_slots_of, node) for node in nodes], _HEDGE_S, ERRORS)
        except ERRORS as error:
            raise RedisClusterException("no node of the cluster answers") from error

    def _node_at(self, host: str, port: int) -> ClusterNode:
        node = self._manager.get_node(host=host, port=port)
        if node is None:
            node = ClusterNode(host, port, "primary", **self._connection)
            self._manager.nodes_cache[node.name] = node
        return node  # type: ignore[no-any-return]


async def _slots_of(node: ClusterNode) -> tuple[ClusterNode, Any]:
    slots = await node.execute_command("CLUSTER SLOTS")
    if not slots:
        raise RedisClusterException(f"{node.name} is in no cluster any more")
    return node, slots
