"""Real Redis Clusters for tests: processes of this machine."""

import random
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import redis
from redis.cluster import RedisCluster

from tests.servers import RedisServer, programs, wait_until

MASTERS = 3
_SLOTS = 16_384
_CLUSTER = (
    "cluster-enabled yes", "repl-diskless-sync-delay 0", "cluster-allow-replica-migration no",
)  # fmt: skip

_TRIES_S = 6
"""A replica tries for five seconds to take over."""

_RANDOM = random.SystemRandom()  # the tests' own is given the same seed in every process
_given: set[int] = set()


@dataclass(frozen=True)
class Cluster:
    """A running cluster; its servers by port. `make` makes one more server, on a port; `size`: how
    many of them are masters.
    """

    servers: dict[int, RedisServer]
    make: Callable[[int], RedisServer]
    scheme: str
    size: int = MASTERS

    @property
    def url(self) -> str:
        """The URL of one of its nodes."""
        return f"{self.scheme}://127.0.0.1:{next(iter(self.servers))}/0"

    @contextmanager
    def client(self) -> Iterator[Any]:
        """redis-py's own client; made from a URL, its `close` (8.1) leaves its connections open."""
        with RedisCluster.from_url(self.url) as client:
            try:
                yield client
            finally:
                client.disconnect_connection_pools()

    @property
    def masters(self) -> list[int]:
        """The ports of the nodes that have slots, as the first node that answers sees them."""
        return sorted(port for port, node in self._nodes().items() if node["slots"])

    def replica_of(self, master: int) -> int:
        """The port of a master's first replica."""
        nodes = self._nodes()
        return min(p for p, node in nodes.items() if node["master_id"] == nodes[master]["node_id"])

    def wait_for_votes(self, master: int) -> None:
        """Waits until a failover of this master has all votes: those given before are forgotten."""
        server = self.servers[master]
        timeout_ms = _ask(server, "CONFIG GET", "cluster-node-timeout")["cluster-node-timeout"]

        def forgotten() -> bool:
            with server.client() as client:
                ages = [int(link["age"]) for link in client.client_list("replica")]
            return max(ages, default=0) > 2 * int(timeout_ms) / 1000

        wait_until(forgotten, f"{master} may hand over", step_s=0.1)

    def hand_over(self, master: int) -> int:
        """CLUSTER FAILOVER to a master's replica, whose port it returns once it has the slots. It
        is asked again if it gave up.
        """
        heir = self.replica_of(master)
        self.wait_for_votes(master)
        again = 0.0

        def has_taken_over() -> bool:
            nonlocal again
            if self._is_master(heir):
                return True
            if time.monotonic() > again:
                with suppress(redis.ResponseError):  # it has just taken over
                    _ask(self.servers[heir], "CLUSTER FAILOVER")
                again = time.monotonic() + _TRIES_S
            return False

        wait_until(has_taken_over, f"{heir} is a master")
        return heir

    def add(self, *, replica_of: int | None = None) -> int:
        """One more node, a master without slots or a replica; returns its port when all know it."""
        known = next(iter(self.servers))
        port = free_port()
        self.servers[port] = self.make(port).start()
        _ask(self.servers[port], "CLUSTER MEET", "127.0.0.1", known)
        _each(self.servers, lambda s: len(_nodes(s)) == len(self.servers), "the node is known")
        _each(self.servers, _is_ok, "the new node sees all slots")
        if replica_of is not None:
            _ask(self.servers[port], "CLUSTER REPLICATE", _id(self.servers[replica_of]))
            wait_until(lambda: _is_synced(self.servers[port]), "the new replica is in sync")
        return port

    def remove(self, port: int) -> None:
        """Have a node without slots forgotten by the others and stopped."""
        server = self.servers.pop(port)
        gone = _id(server)
        for other in self.servers.values():
            _ask(other, "CLUSTER FORGET", gone)
        server.stop()

    def owner(self, slot: int) -> int:
        """The port of the node that has a slot."""
        found = (port for port, node in self._nodes().items() if _has(node["slots"], slot))
        return next(found)

    def move(self, slot: int, to: int) -> None:
        """Move a slot with its keys."""
        with self.moving(slot, to):
            pass

    @contextmanager
    def moving(self, slot: int, to: int) -> Iterator[Callable[[int], None]]:
        """A slot is on its way to another node until the end of the context, when it is there.

        Gives what moves so many of its keys at once.
        """
        source, target = self.servers[self.owner(slot)], self.servers[to]
        _ask(target, "CLUSTER SETSLOT", slot, "IMPORTING", _id(source))
        try:
            _ask(source, "CLUSTER SETSLOT", slot, "MIGRATING", _id(target))
        except redis.ResponseError:  # a replica has just taken over from it
            _ask(target, "CLUSTER SETSLOT", slot, "STABLE")
            raise

        def move_keys(most: int) -> None:
            found = _ask(source, "CLUSTER GETKEYSINSLOT", slot, most)
            if found:
                _ask(source, "MIGRATE", "127.0.0.1", to, "", 0, 5000, "KEYS", *found)

        yield move_keys
        while _ask(source, "CLUSTER COUNTKEYSINSLOT", slot):
            move_keys(100)
        masters = [target, source, *(self.servers[port] for port in self.masters)]
        for server in dict.fromkeys(masters):
            _ask(server, "CLUSTER SETSLOT", slot, "NODE", _id(target))

    @contextmanager
    def configured(self, ports: Iterable[int], directive: str, value: object) -> Iterator[None]:
        """These nodes have it so until the end of the context. CONFIG SET."""
        servers = [self.servers[port] for port in ports]
        before = [_ask(server, "CONFIG GET", directive)[directive] for server in servers]
        for server in servers:
            _ask(server, "CONFIG SET", directive, value)
        try:
            yield
        finally:
            for server, was in zip(servers, before, strict=True):
                _ask(server, "CONFIG SET", directive, was)

    def wait_until_master(self, port: int) -> None:
        """Waits until every node that is up sees the slots at this one."""
        wait_until(lambda: self._is_master(port), f"{port} is a master")

    def wait_until_whole(self) -> None:
        """Waits until every node sees all others, and every replica has what its master has."""
        whole = (len(self.servers), self.size)
        _each(self.servers, lambda server: _is_whole(server, whole), "it is whole")

    def _is_master(self, port: int) -> bool:
        up = [server for server in self.servers.values() if server.running]
        return all(_nodes(server)[port]["slots"] for server in up)

    def _nodes(self) -> dict[int, dict[str, Any]]:
        return _nodes(next(server for server in self.servers.values() if server.running))


@contextmanager
def cluster(directory: Path, make: Callable[..., RedisServer]) -> Iterator[str]:
    """A cluster of three primaries; gives the URL of one of its nodes. `make` as in `running`."""
    with running(directory, make) as started:
        yield started.url


@contextmanager
def running(
    directory: Path,
    make: Callable[..., RedisServer],
    *directives: str,
    masters: int = MASTERS,
    replicas: int = 0,
    tls: bool = False,
) -> Iterator[Cluster]:
    """A cluster of so many masters, each with so many replicas.

    `make` makes a server of a directory and directives; with `tls` these name the certificates.
    """
    ports = [free_port() for _ in range(masters * (replicas + 1))]

    def make_at(port: int) -> RedisServer:
        own = directory / str(port)
        own.mkdir()
        listen = (f"tls-port {port}", "port 0") if tls else (f"port {port}",)
        return make(own, *listen, "bind 127.0.0.1", *_CLUSTER, *directives)

    with ExitStack() as stack:
        servers: dict[int, RedisServer] = {}
        stack.callback(_stop, servers)
        for port in ports:
            servers[port] = make_at(port).start()
        started = Cluster(servers, make_at, "rediss" if tls else "redis", masters)
        for server in servers.values():
            _ask(server, "CLUSTER MEET", "127.0.0.1", ports[0])
        _each(servers, lambda server: len(_nodes(server)) == len(ports), "all nodes have met")
        for n, port in enumerate(ports):
            if n < masters:
                first, last = n * _SLOTS // masters, (n + 1) * _SLOTS // masters - 1
                _ask(servers[port], "CLUSTER ADDSLOTSRANGE", first, last)
            else:
                _ask(servers[port], "CLUSTER REPLICATE", _id(servers[ports[n % masters]]))
        started.wait_until_whole()
        yield started


@contextmanager
def of_each_version(
    directory: Path, *directives: str, replicas: int = 0
) -> Iterator[Callable[[str], Cluster]]:
    """Gives what makes a cluster of a version, when it is first asked for, and returns it then."""
    with ExitStack() as stack:

        @cache
        def of(version: str) -> Cluster:
            own = directory / version
            own.mkdir()
            make = partial(RedisServer, programs()[version])
            return stack.enter_context(running(own, make, *directives, replicas=replicas))

        yield of


def _each(
    servers: dict[int, RedisServer], condition: Callable[[RedisServer], bool], what: str
) -> None:
    wait_until(lambda: all(map(condition, servers.values())), what)


def _stop(servers: dict[int, RedisServer]) -> None:
    for server in servers.values():
        server.stop()


def _ask(server: RedisServer, *command: Any) -> Any:
    with server.client() as client:
        return client.execute_command(*command)


def _id(server: RedisServer) -> str:
    return str(_ask(server, "CLUSTER MYID"))


def _has(ranges: list[list[str]], slot: int) -> bool:
    return any(int(some[0]) <= slot <= int(some[-1]) for some in ranges)


def _nodes(server: RedisServer) -> dict[int, dict[str, Any]]:
    """All nodes that a server knows, by port."""
    nodes: Any = _ask(server, "CLUSTER NODES")
    return {int(endpoint.rpartition(":")[2]): node for endpoint, node in nodes.items()}


def _is_ok(server: RedisServer) -> bool:
    info: Any = _ask(server, "CLUSTER INFO")
    return bool(info["cluster_state"] == "ok")


def _is_whole(server: RedisServer, whole: tuple[int, int]) -> bool:
    known = _nodes(server).values()
    masters = [node for node in known if "master" in node["flags"]]
    return _is_ok(server) and _is_synced(server) and (len(known), len(masters)) == whole


def _is_synced(server: RedisServer) -> bool:
    """Whether it is a master, or a replica that has what its master has."""
    with server.client() as client:
        link: Any = client.info("replication")
    return bool(link.get("master_link_status", "up") == "up")


def free_port() -> int:
    """A port that nobody has, nor its cluster bus port (10,000 more), and that nobody else here was
    given.

    Both are below those that the system gives to clients, who could take one in between.
    """
    while True:
        port = _RANDOM.randrange(10_000, 20_000)
        if port not in _given and _is_free(port) and _is_free(port + 10_000):
            _given.add(port)
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False
