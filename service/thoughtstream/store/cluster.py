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
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode, ClusterPipeline
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AskError,
    ConnectionError,
    RedisClusterException,
    SlotNotCoveredError,
)

from thoughtstream.backoff import Backoff
from thoughtstream.store.calls import ERRORS, Call, fail, given, key_of, talk
from thoughtstream.store.connection_class import MOST_CONNECTIONS, own, renew
from thoughtstream.store.failure_detection import SILENCE_S, until_replaced
from thoughtstream.store.outages import OUTAGES, SILENCE, is_refusal, is_untrusted
from thoughtstream.store.pinned import Connections, Pinned
from thoughtstream.store.topology import Topology

_SLOTS = 16_384
_MOST_HOPS = 5
_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.2
_SCAN = 1000

Connect = Callable[[str], AbstractAsyncContextManager[Redis]]
"""A client of one server, by the name that the cluster knows it by."""


class Cluster(RedisCluster):
    """See above. `patience_s`: how long a command may wait for its slot to be served.

    Every keyless command takes the option `near`: the key on whose node it is to run.
    """

    def __init__(
        self, patience_s: float, seeds: Sequence[tuple[str, int]], connect: Connect, **options: Any
    ) -> None:
        host, port = seeds[0]
        retry: Any = Retry(NoBackoff(), 0)
        super().__init__(
            host=host, port=port, retry=retry, require_full_coverage=False,
            max_connections=MOST_CONNECTIONS, **options,
        )  # fmt: skip
        self.patience_s = patience_s
        self._connect = connect
        kwargs = self.connection_kwargs
        kwargs["connection_class"] = own(kwargs["connection_class"])
        nodes = [ClusterNode(host, port, **kwargs) for host, port in seeds]
        self._topology = Topology(self.nodes_manager, nodes, **kwargs)
        self._silent: set[str] = set()

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
        self._initialize = True
        await self._topology.disconnect()

    # --- the surface that a server has, too ---------------------------------------------------
    @property
    def layout(self) -> int:
        """Another number whenever slots may have another owner."""
        return self._topology.version

    @property
    def database(self) -> int:
        """A cluster has only one."""
        return 0

    @property
    def identity(self) -> str:
        """What its URL says."""
        return "cluster " + ",".join(sorted(node.name for node in self._topology.seeds))

    def server_of(self, key: str) -> str:
        """The name of the node that has a key, as far as is known."""
        try:
            return self._topology.node_of(Call((), {}, self.keyslot(key))).name
        except (KeyError, SlotNotCoveredError):
            return ""

    def key_on(self, server: str, make: Callable[[int], str]) -> str:
        """As `Topology.key_on`."""
        return self._topology.key_on(server, make)

    async def servers(self) -> list[str]:
        """The names of the nodes that have slots, as they are now.

        Raises:
            RedisClusterException: no node answers.
        """
        await self.initialize()
        await self.look_again()
        return [node.name for node in self._topology.masters()]

    def at(self, server: str) -> AbstractAsyncContextManager[Redis]:
        """A client of this one node."""
        return self._connect(server)

    def nodes(self) -> Mapping[str, Any]:
        """Every node that is known, replicas too."""
        return {node.name: node for node in self.get_nodes()}

    async def cluster_nodes(self) -> dict[str, Any]:
        """Every node as CLUSTER NODES has it, by name."""
        return dict(await self.execute_command("CLUSTER NODES"))

    async def look_again(self) -> None:
        """As `Topology.look_again`."""
        await self._topology.look_again()

    async def find(self, glob: str, near: str | None = None) -> set[str]:
        """All keys that match: on the node that has the key `near`, else on all. SCAN."""
        clock = asyncio.get_running_loop().time
        end = clock() + self.patience_s
        while True:
            try:
                await self.initialize()
                if near is None:
                    await self.look_again()
                    nodes = self._topology.masters()
                else:
                    nodes = [self._topology.node_of(Call((), {}, self.keyslot(near)))]
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

    async def clock_ms(self, key: str) -> int:
        """The clock of the node that has this key, in ms since the epoch. TIME."""
        seconds, micros = await self.execute_command("TIME", near=key)
        return int(seconds) * 1000 + int(micros) // 1000

    async def pop(self, key: str, most_s: float) -> str | None:
        """The first of a list as soon as there is one. BLPOP."""
        answer = await self.execute_command("BLPOP", key, most_s)
        return None if answer is None else str(answer[1])

    @asynccontextmanager
    async def pinned(self) -> AsyncIterator[Any]:
        """Commands on connections of their own, so that WAIT is about what they wrote."""
        kept = Connections()
        try:
            yield Pinned(self, kept)
        finally:
            for node, connection in kept.by_node.items():
                node.release(connection)  # type: ignore[arg-type, union-attr]

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
        near, is_idempotent = options.pop("near", None), options.pop("is_idempotent", False)
        if near is not None:
            slot = self.keyslot(near)
        elif args[0] in self.command_flags:  # of whichever node
            slot = random.randrange(_SLOTS)
        else:
            slot = self.keyslot(key_of(args))
        return Call(args, options, slot, is_idempotent=is_idempotent)

    async def perform(self, calls: Sequence[Call], kept: Connections | None = None) -> None:
        """Have commands executed, each once; those that belong to one slot in their order."""
        clock = asyncio.get_running_loop().time
        end, backoff, hops = clock() + self.patience_s, Backoff(_PAUSE_S, _LONGEST_PAUSE_S), 0
        left = calls
        while True:
            await self._round(left, kept)
            left = [call for call in left if call.may_be_repeated]
            if not left:
                return
            for call in left:
                await self._topology.redirect(call)
            hops += 1
            if hops <= _MOST_HOPS and all(isinstance(call.answer, AskError) for call in left):
                continue
            with suppress(*ERRORS):  # then the next round fails, too, and says why
                await self.look_again()
            if clock() >= end:
                return
            await backoff.pause()

    async def _round(self, calls: Sequence[Call], kept: Connections | None) -> None:
        """Send every command once, and take the answers."""
        by_node: dict[ClusterNode, list[Call]] = {}
        for call in calls:
            call.sent = False
            try:
                by_node.setdefault(self._topology.node_of(call), []).append(call)
            except RedisClusterException as error:
                call.answer = error
        if len(by_node) == 1:
            [(node, its)] = by_node.items()
            await self._exchange(node, its, kept)
            return
        await asyncio.gather(*(self._exchange(node, its, kept) for node, its in by_node.items()))

    async def _exchange(
        self, node: ClusterNode, calls: Sequence[Call], kept: Connections | None
    ) -> None:
        """With one node, on one connection. What goes wrong is the answer of the calls."""
        known = kept.by_node.get(node) if kept else None
        try:
            connection: Any = known or node.acquire_connection()
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
                for other in node._free:  # each would be waited on as long as this one
                    other.mark_for_reconnect()  # type: ignore[no-untyped-call]
            else:
                self._silent.discard(node.name)
            if kept is not None:
                kept.by_node[node] = connection
                kept.last = node, connection
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
                theirs = (self._topology.node_of(call) for call in calls if call.node is None)
                listed = self._topology.is_listed(node)
                return not listed and any(other is not node for other in theirs)
            return False

        await until_replaced(node, is_replaced, was_silent=was_silent)
        patience.reschedule(asyncio.get_running_loop().time())


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
