"""What all of the house calls a client of Redis: one surface for one server and for a cluster.

Commands are those of redis-py. A command without a key takes the option `near`: the key on whose
server it is to run. `Server` and `Cluster` differ in how they do what is here, and nobody else asks
which of them he has.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeAlias

from redis.asyncio import Redis

from thoughtstream.store.cluster import Cluster
from thoughtstream.store.server import Server

Client: TypeAlias = Server | Cluster


class Surface(Protocol):
    """What a client has beside the commands of redis-py."""

    @property
    def patience_s(self) -> float:
        """How long a command may wait for a server that is changing roles; 0: it doesn't wait."""

    @property
    def layout(self) -> int:
        """Another number whenever keys may have moved from one server to another."""

    @property
    def database(self) -> int:
        """The number of the database that the keys are in."""

    @property
    def identity(self) -> str:
        """What tells this server, or cluster, from others; the same in each process."""

    def server_of(self, key: str) -> str:
        """The name of the server that has a key, as far as is known; empty if there is only one."""

    def key_on(self, server: str, make: Callable[[int], str]) -> str:
        """The first of the keys that `make` makes of 0, 1, 2 … that this server has."""

    async def servers(self) -> list[str]:
        """The names of the servers that have keys, as it is now."""

    def at(self, server: str) -> AbstractAsyncContextManager[Redis]:
        """A client of this one server."""

    def nodes(self) -> Mapping[str, Any]:
        """Every server that is known, replicas too, by name; each has `execute_command`."""

    async def cluster_nodes(self) -> dict[str, Any]:
        """CLUSTER NODES, by name; empty if this is no cluster."""

    async def find(self, glob: str, near: str | None = None) -> set[str]:
        """All keys that match: on the server that has the key `near`, else on all. SCAN."""

    async def clock_ms(self, key: str) -> int:
        """The clock of the server that has this key, in ms since the epoch. TIME."""

    async def pop(self, key: str, most_s: float) -> str | None:
        """The first of a list as soon as there is one; None: nothing in this time. BLPOP.

        `most_s`: well under `redis.timeout_s`.
        """

    async def look_again(self) -> None:
        """Find out anew which server has what."""

    def pinned(self) -> AbstractAsyncContextManager[Any]:
        """A client that stays on one connection to each server, so that WAIT and WAITAOF wait for
        what it has written.
        """


def _both_have_it(server: Server, cluster: Cluster) -> tuple[Surface, Surface]:
    return server, cluster  # checked by mypy
