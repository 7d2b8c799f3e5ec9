"""Real Redis Clusters for tests: processes of this machine."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import RedisServer, wait_until

MASTERS = 3
_SLOTS = 16_384
_CLUSTER = ("cluster-enabled yes", "repl-diskless-sync-delay 0")


@dataclass(frozen=True)
class Cluster:
    """A running cluster; its servers by port."""

    servers: dict[int, RedisServer]

    @property
    def url(self) -> str:
        """The URL of one of its nodes."""
        return f"redis://127.0.0.1:{next(iter(self.servers))}/0"

    @property
    def masters(self) -> list[int]:
        """The ports of the nodes that have slots, as the first node that answers sees them."""
        return sorted(port for port, node in self._nodes().items() if node["slots"])

    def replica_of(self, master: int) -> int:
        """The port of a master's first replica."""
        nodes = self._nodes()
        return min(p for p, node in nodes.items() if node["master_id"] == nodes[master]["node_id"])

    def hand_over(self, master: int) -> int:
        """CLUSTER FAILOVER to a master's replica, whose port it returns once it has the slots."""
        heir = self.replica_of(master)
        with self.servers[heir].client() as client:
            client.execute_command("CLUSTER FAILOVER")
        self.wait_until_master(heir)
        return heir

    def wait_until_master(self, port: int) -> None:
        """Waits until every node that is up sees the slots at this one."""
        wait_until(lambda: self._is_master(port), f"{port} is a master")

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
    directory: Path, make: Callable[..., RedisServer], *directives: str, replicas: int = 0
) -> Iterator[Cluster]:
    """A cluster of three masters, each with so many replicas.

    `make` makes a server of a directory and directives.
    """
    ports = [_free_port() for _ in range(MASTERS * (replicas + 1))]
    with ExitStack() as stack:
        servers = {}
        for port in ports:
            listen = (f"port {port}", "bind 127.0.0.1", *_CLUSTER, *directives)
            own = directory / str(port)
            own.mkdir()
            servers[port] = make(own, *listen).start()
            stack.callback(servers[port].stop)
        started = Cluster(servers)
        for server in servers.values():
            with server.client() as client:
                client.execute_command("CLUSTER MEET", "127.0.0.1", ports[0])
        _each(servers, lambda server: len(_nodes(server)) == len(ports), "all nodes have met")
        for n, port in enumerate(ports):
            with servers[port].client() as client:
                if n < MASTERS:
                    first, last = n * _SLOTS // MASTERS, (n + 1) * _SLOTS // MASTERS - 1
                    client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
                else:
                    master: Any = servers[ports[n % MASTERS]]
                    client.execute_command("CLUSTER REPLICATE", _id(master))
        _each(servers, lambda server: _is_whole(server, len(ports)), "the cluster is whole")
        yield started


def _each(
    servers: dict[int, RedisServer], condition: Callable[[RedisServer], bool], what: str
) -> None:
    wait_until(lambda: all(map(condition, servers.values())), what)


def _id(server: RedisServer) -> str:
    with server.client() as client:
        return str(client.execute_command("CLUSTER MYID"))


def _nodes(server: RedisServer) -> dict[int, dict[str, Any]]:
    """All nodes that a server knows, by port."""
    with server.client() as client:
        nodes: Any = client.execute_command("CLUSTER NODES")
    return {int(endpoint.rpartition(":")[2]): node for endpoint, node in nodes.items()}


def _is_whole(server: RedisServer, nodes: int) -> bool:
    with server.client() as client:
        info: Any = client.execute_command("CLUSTER INFO")
        link: Any = client.info("replication")
    synced = link.get("master_link_status", "up") == "up"
    known = (info["cluster_state"], info["cluster_known_nodes"]) == ("ok", str(nodes))
    masters = [node for node in _nodes(server).values() if "master" in node["flags"]]
    return known and synced and len(masters) == MASTERS


def _free_port() -> int:
    """A port that is free, and whose cluster bus port (10,000 more) is one, too."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port + 10_000 < 65_536:
            return port
