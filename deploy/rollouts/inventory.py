"""What an inventory says about a cluster: its hosts, their common stack and addresses. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import Any

from deploy.cluster.nodes import ClusterSpec
from deploy.cluster.topology import Node, Shard, TopologyError, nodes_of, shape
from deploy.commands import RedisCli
from deploy.facts.machine import Machine
from deploy.runtimes import server_runtime_of
from deploy.settings import ClusterSettings, Stack

_LINUX = Machine(system="Linux")


@dataclass(frozen=True)
class ClusterInventory:
    """What the inventory wants of a cluster: the stack of all its hosts, and each one's address."""

    stack: Stack
    cluster: ClusterSettings
    addresses: Mapping[str, str]

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes, in the same order on every host of a run."""
        return nodes_of(self.addresses, self.cluster)

    @cached_property
    def shards(self) -> tuple[Shard, ...]:
        """The shards that the nodes form when the cluster is created."""
        return shape(self.nodes, self.cluster.replicas)

    def on(self, host: str) -> tuple[Node, ...]:
        """The nodes of one host."""
        return tuple(node for node in self.nodes if node.host == host)

    @cached_property
    def spec(self) -> ClusterSpec:
        """The nodes, and how each is reached on its host."""
        clis: dict[Node, RedisCli] = {}
        for host in sorted(self.addresses):
            clis |= server_runtime_of(self.stack, _LINUX, self.on(host)).nodes
        return ClusterSpec(clis, self.cluster.replicas, self.stack.service.start_timeout_s)


def read(hosts: Mapping[str, Mapping[str, Any]]) -> ClusterInventory:
    """What the inventory says, from each host's data.

    Raises:
        TopologyError: hosts differ, have no address, or can't form the shards; each line names the
            host, the field and the cure.
    """
    first = min(hosts)
    stack = hosts[first].get("stack")
    assert isinstance(stack, Stack)
    assert stack.cluster is not None
    if lines := [line for host in sorted(hosts) for line in _wrong(host, hosts, first)]:
        raise TopologyError("\n  ".join(["inventory: its hosts can't form a cluster", *lines]))
    found = ClusterInventory(
        stack, stack.cluster, {host: str(data["address"]) for host, data in hosts.items()}
    )
    _ = found.shards  # raises if the nodes can't form shards
    return found


def _wrong(host: str, hosts: Mapping[str, Mapping[str, Any]], first: str) -> Iterator[str]:
    stack, address = hosts[host].get("stack"), hosts[host].get("address")
    if not isinstance(stack, Stack):
        yield f"{host}: stack: is missing; all hosts of a cluster need the same one"
    elif stack != hosts[first]["stack"]:
        own, other = _flat(stack.to_json()), _flat(hosts[first]["stack"].to_json())
        for field in sorted(own.keys() | other.keys()):
            if own.get(field) != other.get(field):
                yield (
                    f"{host}: stack.{field}: is {own.get(field)!r}, and {other.get(field)!r} on "
                    f"{first}; it must be the same on all hosts of a cluster"
                )
    if problem := _address(address, alone=len(hosts) == 1):
        yield f"{host}: address: {problem}"


def _address(given: object, *, alone: bool) -> str:
    if given is None:
        return 'is missing; give the private address at which the others reach it: {"address": …}'
    try:
        address = ip_address(str(given))
    except ValueError:
        return f"is {given!r}; give an IP address, like 10.0.0.1: what a name means might change"
    if address.is_unspecified or address.is_global or address.is_multicast:
        return f"is {given}; Redis is never exposed to the internet, so give a private address"
    if address.is_loopback and not alone:
        return f"is {given}, where no other host can reach it; give a private address"
    return ""


def _flat(data: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """`{"cluster": {"nodes": 2}}` as `{"cluster.nodes": 2}`."""
    found: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{path}{name}.")
        else:
            found[f"{path}{name}"] = value
    return found
