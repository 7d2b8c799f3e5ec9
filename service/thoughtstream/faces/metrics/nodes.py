"""Each node of Redis, as it says it is itself."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from thoughtstream.errors import RedisUnavailable
from thoughtstream.faces.metrics.series import Series
from thoughtstream.health.nodes import look
from thoughtstream.measuring import redis as metrics
from thoughtstream.store.certificates import certificate_end
from thoughtstream.store.client import Client
from thoughtstream.store.outages import OUTAGES
from thoughtstream.store.said import info_of

_AS_SAID = {
    "used_memory": metrics.USED,
    "maxmemory": metrics.MOST,
    "evicted_keys": metrics.EVICTED,
    "rejected_connections": metrics.REJECTED,
    "mem_fragmentation_ratio": metrics.FRAGMENTATION,
    "aof_delayed_fsync": metrics.AOF_DELAYED,
    "rdb_last_save_time": metrics.LAST_SAVE,
}
_WELL = {
    "aof_last_write_status": (metrics.AOF_WRITE, "ok"),
    "aof_last_bgrewrite_status": (metrics.AOF_REWRITE, "ok"),
    "master_link_status": (metrics.REPLICA_LINK, "up"),
}
_ALONE = "redis"
"""How the one server is called that is no cluster's."""


@dataclass(frozen=True)
class Nodes:
    """`most`: the memory of each (bytes; 0: no limit), by the name that a sample has it under."""

    series: list[Series]
    most: dict[str, int]


async def read_nodes(redis: Client) -> Nodes:
    """Of every node that answers. Source: INFO, CLUSTER INFO, LATENCY LATEST."""
    nodes = await look(redis)
    infos = {node.name: node.info for node in nodes} or {"": await info_of(redis)}
    series: list[Series] = []
    for name, info in infos.items():
        if info:
            shown = name or _ALONE
            series += _of_info(shown, info)
            series += await _asked(redis, name, shown, in_cluster=bool(nodes))
    silent = [node for node in nodes if not node.info and node.role == "replica"]
    series += [Series(metrics.REPLICA_LINK, 0, (node.name,)) for node in silent]
    return Nodes(series, {name: int(info.get("maxmemory", 0)) for name, info in infos.items()})


def _of_info(name: str, info: dict[str, Any]) -> Iterator[Series]:
    for field, metric in _AS_SAID.items():
        if field in info:
            yield Series(metric, float(info[field]), (name,))
    for field, (metric, well) in _WELL.items():
        if field in info:
            yield Series(metric, info[field] == well, (name,))
    if "latest_fork_usec" in info:
        yield Series(metrics.FORK, info["latest_fork_usec"] / 1e6, (name,))
    for number in range(info.get("connected_slaves", 0)):
        replica = info.get(f"slave{number}")
        if isinstance(replica, dict):
            behind = max(info["master_repl_offset"] - int(replica["offset"]), 0)
            where = f"{replica['ip']}:{replica['port']}"
            yield Series(metrics.REPLICA_LAG, behind, (where,))


async def _asked(redis: Client, name: str, shown: str, *, in_cluster: bool) -> list[Series]:
    """What takes a question of its own; nothing where it is not answered."""
    found: list[Series] = []
    with suppress(*OUTAGES, ResponseError, RedisUnavailable):
        async with redis.at(name) as client:
            server: Any = client
            if in_cluster:
                said = await server.execute_command("CLUSTER INFO")
                found += [
                    Series(metrics.SLOTS_OK, int(said["cluster_slots_ok"]), (shown,)),
                    Series(metrics.SLOTS_FAIL, int(said["cluster_slots_fail"]), (shown,)),
                ]
            events = await server.execute_command("LATENCY LATEST")
            found.append(Series(metrics.SPIKE, _longest(events), (shown,)))
            if ends := await certificate_end(client):
                found.append(Series(metrics.CERTIFICATE, ends, (shown,)))
    return found


def _longest(events: Iterable[Any]) -> float:
    """The latest spike of each event is (name, when, ms, longest ever in ms)."""
    return max((int(event[2]) for event in events), default=0) / 1000
