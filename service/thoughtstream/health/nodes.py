"""The nodes of a cluster, each as it says it is itself."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from redis.asyncio import Redis

from thoughtstream.config import RedisConfig
from thoughtstream.errors import RedisUnavailable
from thoughtstream.health.checks import Finding, examine
from thoughtstream.store.cluster import Cluster
from thoughtstream.store.connection import connect_to, typed_errors
from thoughtstream.store.functions import Library

_SLOTS = 16_384
_NOWHERE = {"noaddr", "handshake"}


@dataclass(frozen=True)
class Node:
    """One node. `slots`: how many it has; `info`: its INFO, empty if it does not answer."""

    name: str
    role: str
    slots: int
    master: str
    info: dict[str, Any]


class Nodes:
    """All nodes of the cluster at a URL."""

    def __init__(self, redis: Cluster, config: RedisConfig, url: str) -> None:
        self._redis = redis
        self._config = config
        self._url = url

    async def look(self) -> list[Node]:
        """Every node that the cluster knows, masters first. Source: CLUSTER NODES, INFO."""
        known: Any = await self._redis.execute_command("CLUSTER NODES")
        names = {node["node_id"]: name for name, node in known.items()}
        found = []
        for name, node in known.items():
            if _NOWHERE & set(node["flags"].split(",")):
                continue
            master = "master" in node["flags"].split(",")
            found.append(
                Node(
                    name=name,
                    role="master" if master else "replica",
                    slots=sum(int(some[-1]) - int(some[0]) + 1 for some in node["slots"]),
                    master=names.get(node["master_id"], ""),
                    info=await self._info(name),
                )
            )
        return sorted(found, key=lambda node: (node.role, node.name))

    async def _info(self, name: str) -> dict[str, Any]:
        try:
            async with self._at(name) as server:
                return dict(await server.info())
        except RedisUnavailable:
            return {}

    @asynccontextmanager
    async def _at(self, name: str) -> AsyncIterator[Redis]:
        with typed_errors():
            async with connect_to(self._config, self._url, name) as server:
                yield server

    async def examine(
        self, libraries: Iterable[Library], later: Iterable[Library] = ()
    ) -> list[Finding]:
        """All findings: about the cluster as a whole, then about each node."""
        nodes = await self.look()
        findings = _whole(nodes)
        for node in nodes:
            if not node.info:
                cure = "start it, or replace it (`deploy.replace_node`)"
                findings.append(Finding("node", "bad", "does not answer", cure, node.name))
                continue
            async with self._at(node.name) as server:
                its = await examine(server, libraries, later=later, private_socket=False)
            findings += [replace(finding, node=node.name) for finding in its]
        return findings


def _whole(nodes: list[Node]) -> list[Finding]:
    """What is so of all nodes together."""
    alive = [node for node in nodes if node.info]
    slots = sum(node.slots for node in alive)
    followed = {node.master for node in alive if node.role == "replica"}
    alone = [node.name for node in alive if node.slots and node.name not in followed]
    return [
        Finding(
            "slots",
            "fine" if slots == _SLOTS else "bad",
            f"{slots:,} of {_SLOTS:,} are served",
            "" if slots == _SLOTS else "bring back the nodes that served the rest",
        ),
        Finding(
            "replicas",
            "bad" if alone else "fine",
            f"no replica for {', '.join(alone)}" if alone else "every master has one",
            "bring a replica back: if the master is lost, so is its data" if alone else "",
        ),
    ]
