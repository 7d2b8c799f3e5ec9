"""A client of a Redis Cluster whose nodes come, go and change their roles while it works.

The client library's own would then send a command again that may have been executed (a second
thought), close connections that others wait on, and send ASKING on another connection than the
command. Here a command is sent again, within a bounded time, where it was surely not executed: a
node said so (MOVED, ASK, TRYAGAIN, CLUSTERDOWN, LOADING, READONLY), or could not be reached. Where
the answer was lost, only what changes nothing is asked again.
"""

import asyncio
import random
from asyncio import create_task
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode, ClusterPipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ConnectionError,
    MovedError,
    RedisClusterException,
    SlotNotCoveredError,
)

from thoughtstream.store.calls import ERRORS, Call, fail, given, is_connected, key_of, talk
from thoughtstream.store.headstart import first_answer
from thoughtstream.store.outages import OUTAGES, SILENCE, is_refusal, is_untrusted
from thoughtstream.store.pinned import Held, Pinned
from thoughtstream.store.shields import retrieved
from thoughtstream.store.silence import SILENCE_S, until_replaced
from thoughtstream.store.wire import MOST_CONNECTIONS, own, renew

_SLOTS = 16_384
_MOST_HOPS = 5
_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.2
_HEAD_START_S = 0.1
_SCAN = 1000


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """A node as an object with connections, of which there may be several over the time."""

    node: ClusterNode

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Node) and other.node is self.node

    def __hash__(self) -> int:
        return id(self.node)


class Cluster(RedisCluster):
    """See above. `patience_s`: how long a command may wait for its slot to be served.

    Every keyless command takes the option `near`: the key on whose node it is to run.
    """

    def __init__(self, patience_s: float, seeds: Sequence[tuple[str, int]], **options: Any) -> None:
        host, port = seeds[0]
        retry: Any = Retry(NoBackoff(), 0)
        super().__init__(
            host=host, port=port, retry=retry, require_full_coverage=False,
            max_connections=MOST_CONNECTIONS, **options,
        )  # fmt: skip
        self.patience_s = patience_s
        kwargs = self.connection_kwargs
        kwargs["connection_class"] = own(kwargs["connection_class"])
        self._seeds = [ClusterNode(host, port, **kwargs) for host, port in seeds]
        self._manager.startup_nodes = {node.name: node for node in self._seeds}
        self._looking: asyncio.Task[None] | None = None
        self._seen: Any = None
        self._ever = set(map(_Node, self._seeds))
        self._silent: set[str] = set()

    @property
    def _manager(self) -> Any:
        return self.nodes_manager

    async def initialize(self, *args: Any, **options: Any) -> "Cluster":
        """Find the nodes, if that has not been done."""
        clock = asyncio.get_running_loop().time
        end = clock() + self.patience_s
        while self._initialize:
            try:
                await self.look_again()
                self._initialize = False
            except ERRORS as error:
                if clock() >= end or is_refusal(error) or is_untrusted(error):
                    raise
                await asyncio.sleep(_LONGEST_PAUSE_S)
        return self

    async def aclose(self) -> None:
        """Close all connections."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})
        self._remember()
        for one in self._ever:
            await one.node.disconnect()
        self._initialize, self._seen = True, None

    # --- who has what ------------------------------------------------------------------------
    def _known(self) -> list[ClusterNode]:
        """Every node that was ever said to be one, once."""
        found = {node.name: node for node in self._seeds}
        return list((found | self._manager.nodes_cache).values())

    async def look_again(self) -> None:
        """Ask the nodes who has which slots; what is under way is not disturbed.

        Raises:
            RedisClusterException, redis errors: nobody answers, or none has slots.
        """
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(retrieved)
        await asyncio.shield(self._looking)

    async def _look(self) -> None:
        manager, slots = self._manager, None
        for _ in self._known():
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
        known = {_Node(node) for node in manager.nodes_cache.values()}
        for one in known:  # they have done nothing wrong
            for connection in one.node._connections:
                connection.reset_should_reconnect()  # type: ignore[no-untyped-call]
        for one in self._ever - known:
            for connection in one.node._free:
                await connection.disconnect()
        self._seen = slots

    def _remember(self) -> None:
        self._ever |= set(map(_Node, self._manager.nodes_cache.values()))

    async def _one_that_answers(self) -> tuple[ClusterNode, Any]:
        """Any, and its CLUSTER SLOTS; who is silent is not waited for. Those with a connection that
        is good come first: on a busy host it takes long to make one.
        """
        nodes = self._known()
        random.shuffle(nodes)
        nodes.sort(key=is_connected, reverse=True)
        questions = [partial(_slots_of, node) for node in nodes]
        try:
            return await first_answer(questions, _HEAD_START_S, ERRORS)
        except ERRORS as error:
            raise RedisClusterException("no node of the cluster answers") from error

    def _node_of(self, call: Call) -> ClusterNode:
        if call.node is not None:
            return call.node
        try:
            return self._manager.get_node_from_slot(call.slot)  # type: ignore[no-any-return]
        except KeyError:
            raise SlotNotCoveredError(f"no node has slot {call.slot}") from None

    @property
    def name(self) -> str:
        """What its URL says."""
        return ",".join(sorted(node.name for node in self._seeds))

    async def primaries(self) -> dict[str, ClusterNode]:
        """The nodes that have slots, as they are now, by name.

        Raises:
            RedisClusterException: no node answers.
        """
        await self.initialize()
        await self.look_again()
        return {nodes[0].name: nodes[0] for nodes in self._manager.slots_cache.values()}

    async def find(self, glob: str, near: str | None = None) -> set[str]:
        """All keys that match: on the node that has the key `near`, else on all. SCAN."""
        clock = asyncio.get_running_loop().time
        end = clock() + self.patience_s
        while True:
            try:
                await self.initialize()
                if near is None:
                    nodes = list((await self.primaries()).values())
                else:
                    nodes = [self._node_of(Call((), {}, self.keyslot(near)))]
                found = [await self._find_on(node, glob) for node in nodes]
                return set[str]().union(*found)
            except OUTAGES as error:
                if clock() >= end or is_refusal(error):
                    raise
            await asyncio.sleep(_LONGEST_PAUSE_S)
            with suppress(*ERRORS):
                await self.look_again()

    async def _find_on(self, node: ClusterNode, glob: str) -> set[str]:
        scan = self.scan_iter(match=glob, count=_SCAN, target_nodes=node)
        return {key async for key in scan}

    def place_of(self, key: str) -> str:
        """The name of the node that has a key, as far as is known."""
        try:
            return str(self._manager.get_node_from_slot(self.keyslot(key)).name)
        except (KeyError, SlotNotCoveredError):
            return ""

    def key_on(self, place: str, make: Callable[[int], str]) -> str:
        """The first of the keys that `make` makes of 0, 1, 2 … that this node has.

        Raises:
            RedisClusterException: it has no slots.
        """
        slots = {slot for slot, its in self._manager.slots_cache.items() if its[0].name == place}
        if not slots:
            raise RedisClusterException(f"{place} has no slots")
        return next(key for n in count() if key_slot((key := make(n)).encode()) in slots)

    # --- commands ----------------------------------------------------------------------------
    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Errors are those of the client library."""
        await self.initialize()
        everywhere = self.command_flags.get(args[0]) in (self.PRIMARIES, self.ALL_NODES)
        if "target_nodes" in options or (everywhere and "near" not in options):
            return await super().execute_command(*args, **options)
        call = self.call(args, options)
        await self.perform([call])
        return given(call)

    async def _execute_command(self, target_node: ClusterNode, *args: Any, **options: Any) -> Any:
        """Of this node and no other; it is sent once."""
        call = Call(args, options, 0, target_node)
        await self._exchange(target_node, [call], None)
        return given(call)

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> Any:
        """Commands for any nodes at once; not atomic."""
        if shard_hint or transaction:
            raise RedisClusterException("a pipeline over the nodes of a cluster is not atomic")
        return _Pipe(self)  # type: ignore[abstract]

    def call(self, args: tuple[Any, ...], options: dict[str, Any]) -> Call:
        """A command with the slot it belongs to."""
        near = options.pop("near", None)
        if near is not None:
            return Call(args, options, self.keyslot(near))
        if args[0] in self.command_flags:  # of whichever node
            return Call(args, options, random.randrange(_SLOTS))
        return Call(args, options, self.keyslot(key_of(args)))

    async def perform(self, calls: Sequence[Call], held: Held | None = None) -> None:
        """Have commands executed, each once; those that belong to one slot in their order."""
        clock = asyncio.get_running_loop().time
        end, pause, hops = clock() + self.patience_s, _PAUSE_S, 0
        left = calls
        while True:
            await self._round(left, held)
            left = [call for call in left if call.may_be_repeated]
            if not left:
                return
            for call in left:
                await self._redirect(call)
            hops += 1
            if hops <= _MOST_HOPS and all(isinstance(call.answer, AskError) for call in left):
                continue
            with suppress(*ERRORS):  # then the next round fails, too, and says why
                await self.look_again()
            if clock() >= end:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _redirect(self, call: Call) -> None:
        call.node, call.asking, error = None, False, call.answer
        if isinstance(error, MovedError):
            self._seen = None
            self._manager.slots_cache.setdefault(error.slot_id, [])  # who told of it knew no owner
            await self._manager.move_slot(error)
        elif isinstance(error, AskError):
            call.node, call.asking = self._node_at(error.host, error.port), True
        self._remember()

    def _node_at(self, host: str, port: int) -> ClusterNode:
        node = self._manager.get_node(host=host, port=port)
        if node is None:
            node = ClusterNode(host, port, "primary", **self.connection_kwargs)
            self._manager.nodes_cache[node.name] = node
        return node  # type: ignore[no-any-return]

    async def _round(self, calls: Sequence[Call], held: Held | None) -> None:
        """Send every command once, and take the answers."""
        by_node: dict[ClusterNode, list[Call]] = {}
        for call in calls:
            call.sent = False
            try:
                by_node.setdefault(self._node_of(call), []).append(call)
            except RedisClusterException as error:
                call.answer = error
        if len(by_node) == 1:
            [(node, its)] = by_node.items()
            await self._exchange(node, its, held)
            return
        await asyncio.gather(*(self._exchange(node, its, held) for node, its in by_node.items()))

    async def _exchange(self, node: ClusterNode, calls: Sequence[Call], held: Held | None) -> None:
        """With one node, on one connection. What goes wrong is the answer of the calls."""
        kept = held.connections.get(node) if held else None
        try:
            connection: Any = kept or node.acquire_connection()
        except ConnectionError as error:  # all are in use
            fail(calls, error)
            return
        patience, watch = asyncio.timeout(None), list[asyncio.Task[None]]()
        was_silent = node.name in self._silent
        timer = asyncio.get_running_loop().call_later(
            0 if was_silent else SILENCE_S + max(call.held_s for call in calls),
            lambda: watch.append(create_task(self._watch(node, patience, calls, was_silent))),
        )
        try:
            await talk(node, connection, calls, patience)
        finally:
            timer.cancel()
            for task in watch:
                task.cancel()
            if isinstance(calls[-1].answer, SILENCE):
                self._silent.add(node.name)
            else:
                self._silent.discard(node.name)
            if held is not None:
                held.connections[node] = connection
                held.last = node, connection
            else:
                await renew(connection)
                node.release(connection)

    async def _watch(
        self,
        node: ClusterNode,
        patience: asyncio.Timeout,
        calls: Sequence[Call],
        was_silent: bool,
    ) -> None:
        """A node is silent: once another has what it is asked for, and nobody lists it any more (a
        master that has handed over is a replica, unless it is missed), don't wait for it.
        """

        async def is_replaced() -> bool:
            with suppress(*ERRORS):
                await self.look_again()
                listed = node.name in self._manager.nodes_cache
                theirs = (self._node_of(call) for call in calls if call.node is None)
                return not listed and any(other is not node for other in theirs)
            return False

        await until_replaced(node, is_replaced, was_silent=was_silent)
        patience.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def pinned(self) -> AsyncIterator[Pinned]:
        """Commands on connections of their own, so that WAIT is about what they wrote."""
        held = Held()
        try:
            yield Pinned(self, held)
        finally:
            for node, connection in held.connections.items():
                node.release(connection)  # type: ignore[arg-type]


class _Pipe(ClusterPipeline):
    """A pipeline whose commands are sent again as those of `Cluster` are."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._cluster = cluster

    async def execute(
        self, raise_on_error: bool = True, allow_redirections: bool = True
    ) -> list[Any]:
        """The answers in the order of the commands."""
        strategy: Any = self._execution_strategy
        queued = [(command.args, command.kwargs) for command in strategy._command_queue]
        await self.reset()  # type: ignore[no-untyped-call]
        await self._cluster.initialize()
        calls = [self._cluster.call(args, options) for args, options in queued]
        if calls:
            await self._cluster.perform(calls)
        return [given(call) if raise_on_error else call.answer for call in calls]


async def _slots_of(node: ClusterNode) -> tuple[ClusterNode, Any]:
    slots = await node.execute_command("CLUSTER SLOTS")
    if not slots:
        raise RedisClusterException(f"{node.name} is in no cluster any more")
    return node, slots
