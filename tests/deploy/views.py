"""Views of clusters for tables of plans: what nodes would say, from a short description."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from deploy.cluster.state import SLOTS, ClusterView, NodeView
from deploy.cluster.topology import Node


@dataclass(frozen=True)
class Said:
    """One node of a described cluster; `master`: whom it follows."""

    node: Node
    slots: Sequence[str] = ()
    master: str | None = None
    info: Mapping[str, str] = field(default_factory=dict)
    flags: str = ""
    silent: bool = False

    @property
    def id(self) -> str:
        return id_of(self.node)

    def with_info(self, **info: str) -> "Said":
        return replace(self, info={**self.info, **info})


def node(name: str) -> Node:
    """`a:7001` as a node; the host's letter makes its address."""
    host, port = name.split(":")
    return Node(host, f"10.0.0.{ord(host) - ord('a') + 1}", int(port))


def id_of(found: Node) -> str:
    return f"{found.host}{found.port}".encode().hex().ljust(40, "0")


def said(name: str, slots: str = "", master: str | None = None, **info: str) -> Said:
    return Said(node(name), slots.split(), master, info)


def six() -> list[Said]:
    """Three hosts, three shards, a replica each."""
    return [
        said("a:7001", "0-5460"),
        said("b:7001", "5461-10922"),
        said("c:7001", "10923-16383"),
        said("b:7002", master="a:7001"),
        said("c:7002", master="b:7001"),
        said("a:7002", master="c:7001"),
    ]


def four(*others: Said) -> list[Said]:
    """Four hosts, four shards; `others` say something else than those usually do."""
    usual = [
        said("a:7001", "0-4095"), said("b:7001", "4096-8191"), said("c:7001", "8192-12287"),
        said("d:7001", "12288-16383"), said("b:7002", master="a:7001"),
        said("c:7002", master="b:7001"), said("d:7002", master="c:7001"),
        said("a:7002", master="d:7001"),
    ]  # fmt: skip
    return list({one.node: one for one in (*usual, *others)}.values())


def view(cluster: Sequence[Said]) -> ClusterView:
    """What all of them say."""
    return ClusterView(
        {
            each.node: None if each.silent else NodeView.parse(lines(each, cluster))
            for each in cluster
        }
    )


def lines(me: Said, cluster: Sequence[Said]) -> list[str]:
    """Redis's answers to one node's questions."""
    served = SLOTS if not any(each.silent and each.slots for each in cluster) else SLOTS // 2
    info = {
        "cluster_state": "ok", "cluster_slots_ok": str(served), "redis_version": "8.0.2",
        "used_memory": "1000000", "maxmemory": "536870912", "loading": "0",
        "role": "slave" if me.master else "master", "master_repl_offset": "1000",
        "slave_repl_offset": "1000", "db0": "keys=7,expires=0,avg_ttl=0,subexpiry=0",
    }  # fmt: skip
    if me.master:
        info |= {"master_link_status": "up", "master_sync_in_progress": "0"}
    info |= me.info
    return [
        *(_line(each, me) for each in cluster),
        *(f"{key}:{value}" for key, value in info.items()),
    ]


def _line(each: Said, me: Said) -> str:
    role = "slave" if each.master else "master"
    flags = [*(["myself"] if each == me else []), role, *([each.flags] if each.flags else [])]
    if each.silent and not each.flags:
        flags.append("fail")
    master = id_of(node(each.master)) if each.master else "-"
    own = [slot for slot in each.slots if each == me or not slot.startswith("[")]
    endpoint = f"{each.node.endpoint}@{each.node.port + 10_000},{each.node.host}"
    return (
        f"{each.id} {endpoint} {','.join(flags)} {master} 0 0 1 connected {' '.join(own)}".strip()
    )
