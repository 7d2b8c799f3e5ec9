"""The nodes of a cluster, each as it says it is itself."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from thoughtstream import keys
from thoughtstream.config import BudgetsConfig
from thoughtstream.errors import RedisUnavailable
from thoughtstream.health import budgets
from thoughtstream.health.checks import Finding, examine
from thoughtstream.health.sample import Sample, kept
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors
from thoughtstream.store.functions import Library
from thoughtstream.store.said import info_of

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


@dataclass(frozen=True)
class Wanted:
    """What a server is held against: as `checks.examine`, and the plan of its memory.

    `private_socket` is said of one server, not of a cluster's.
    """

    libraries: Iterable[Library]
    later: Iterable[Library]
    plan: BudgetsConfig
    private_socket: bool = False


async def look(redis: Client) -> list[Node]:
    """Every node that the cluster knows, masters first; none if this is one server.

    Source: CLUSTER NODES, INFO.
    """
    known = await redis.cluster_nodes()
    names = {node["node_id"]: name for name, node in known.items()}
    found = []
    for name, node in known.items():
        flags = set(node["flags"].split(","))
        if _NOWHERE & flags:
            continue
        found.append(
            Node(
                name=name,
                role="master" if "master" in flags else "replica",
                slots=sum(int(some[-1]) - int(some[0]) + 1 for some in node["slots"]),
                master=names.get(node["master_id"], ""),
                info=await _info(redis, name),
            )
        )
    return sorted(found, key=lambda node: (node.role, node.name))


async def _info(redis: Client, name: str) -> dict[str, Any]:
    with suppress(RedisUnavailable), typed_errors():
        async with redis.at(name) as server:
            return await info_of(server)
    return {}


async def examine_all(redis: Client, wanted: Wanted) -> list[Finding]:
    """All findings: of the one server; else about the cluster as a whole, then about each node."""
    nodes = await look(redis)
    with typed_errors():
        samples, now_ms = await kept(redis), await redis.clock_ms(keys.MEMORY.key())
    if not nodes:
        return await _examine(redis, "", wanted, samples.get(""), now_ms)
    wanted = replace(wanted, private_socket=False)
    findings = _whole(nodes)
    for node in nodes:
        if not node.info:
            cure = "start it, or replace it (`deploy.replace_node`)"
            findings.append(Finding("node", "bad", "does not answer", cure, node.name))
            continue
        its = await _examine(redis, node.name, wanted, samples.get(node.name), now_ms)
        findings += [replace(finding, node=node.name) for finding in its]
    return findings


async def _examine(
    redis: Client, name: str, wanted: Wanted, known: Sample | None, now_ms: int
) -> list[Finding]:
    with typed_errors():
        async with redis.at(name) as server:
            private = wanted.private_socket
            its = await examine(
                server, wanted.libraries, later=wanted.later, private_socket=private
            )
            info: Any = await server.info()
            if info["role"] != "master":
                return its
            sample = await budgets.newest(server, known, now_ms)
            return [*its, *budgets.findings(info, sample, wanted.plan, now_ms)]


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
