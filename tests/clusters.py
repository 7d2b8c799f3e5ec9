"""Real Redis Clusters for tests."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.servers import RedisServer, wait_until

NODES = 3
_SLOTS = 16_384


@contextmanager
def cluster(directory: Path, make: Callable[..., RedisServer]) -> Iterator[str]:
    """A cluster of three primaries; gives the URL of one of its nodes.

    `make` makes a server of a directory and directives.
    """
    ports = [_free_port() for _ in range(NODES)]
    with ExitStack() as stack:
        servers = []
        for port in ports:
            listen = (f"port {port}", "bind 127.0.0.1", "cluster-enabled yes")
            own = directory / str(port)
            own.mkdir()
            servers.append(make(own, *listen).start())
            stack.callback(servers[-1].stop)
        for n, server in enumerate(servers):
            with server.client() as client:
                first, last = n * _SLOTS // NODES, (n + 1) * _SLOTS // NODES - 1
                client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
                client.execute_command("CLUSTER MEET", "127.0.0.1", ports[0])
        wait_until(lambda: all(map(_sees_all, servers)), "the cluster is whole")
        yield f"redis://127.0.0.1:{ports[0]}/0"


def _sees_all(server: RedisServer) -> bool:
    with server.client() as client:
        info: Any = client.execute_command("CLUSTER INFO")
    return (info["cluster_state"], info["cluster_known_nodes"]) == ("ok", str(NODES))


def _free_port() -> int:
    """A port that is free, and whose cluster bus port (10,000 more) is one, too."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port + 10_000 < 65_536:
            return port
