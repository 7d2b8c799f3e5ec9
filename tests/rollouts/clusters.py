"""A cluster on hosts of the lab: deployed as an operator does it, and looked at."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from pprint import pformat
from typing import Any

from deploy.cluster.state import QUESTIONS, ClusterView, NodeView
from deploy.cluster.topology import Node
from deploy.rollouts.inventory import ClusterInventory, read
from deploy.settings import stack
from tests.lab import control
from tests.lab.control import Done
from tests.lab.host import Host

SETTINGS: dict[str, Any] = {
    "runtime": "native",
    "redis": {"maxmemory": "64mb", "repl_backlog_size": "16mb"},
    "cluster": {"nodes": 2, "replicas": 1},
    "web": {"enabled": False},
}
"""The page is on one of the clusters: on all of them it would take minutes, and tell no more."""


class Cluster:
    """Hosts of the lab that an inventory makes a cluster of."""

    def __init__(
        self, hosts: Sequence[Host], folder: Path, settings: Mapping[str, Any] = SETTINGS
    ) -> None:
        self.hosts = list(hosts)
        self.settings = dict(settings)
        self.said = ""
        self._folder = folder
        self._is_as_usual = False

    def inventory(self, **redis: Any) -> Path:
        """The inventory, with these settings of Redis beside the usual ones."""
        wanted = self.settings | {"redis": self.settings["redis"] | redis}
        entries = [host.pyinfra for host in self.hosts]
        addresses = {host.name: host.ip for host in self.hosts}
        path = self._folder / "cluster.py"
        path.write_text(
            "from deploy.settings import stack\n\n"
            f"wanted = stack(**{pformat(wanted)})\n"
            f"addresses = {pformat(addresses)}\n"
            "hosts = [\n"
            '    (name, data | {"address": addresses[name], "stack": wanted})\n'
            f"    for name, data in {pformat(entries)}\n"
            "]\n"
        )
        return path

    def run(
        self, verb: str = "deploy.stack", *arguments: str, dry: bool = False, check: bool = True,
        **redis: Any,
    ) -> Done:  # fmt: skip
        """Runs a verb with these settings of Redis; keeps everything that was printed."""
        done = control.pyinfra(self.inventory(**redis), verb, *arguments, dry=dry, check=check)
        self.said += done.out + done.err
        self._is_as_usual = verb == "deploy.stack" and done.ok and not (dry or redis)
        return done

    def as_usual(self) -> None:
        """Makes it what the inventory says, if that wasn't the last thing that was done."""
        if not self._is_as_usual:
            self.run()
        self._is_as_usual = False  # whoever asks for it will change it

    @property
    def wanted(self) -> ClusterInventory:
        """What the inventory says of the cluster."""
        wanted = stack(**self.settings)
        return read({host.name: {"stack": wanted, "address": host.ip} for host in self.hosts})

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self.wanted.nodes

    def host(self, node: Node) -> Host:
        """The host of a node."""
        return next(host for host in self.hosts if host.name == node.host)

    def redis(self, node: Node, *arguments: str) -> str:
        """What a node answers its admin, asked at the host's console."""
        return self.host(node).exec(self.wanted.spec.nodes[node](*arguments)).stdout.strip()

    def config(self, directive: str) -> set[str]:
        """What the nodes have for a directive, each value once."""
        return {self.redis(node, "config", "get", directive).split()[1] for node in self.nodes}

    def view(self) -> ClusterView:
        """What all nodes say now; one on a host that is off says nothing."""
        found: dict[Node, NodeView | None] = {}
        for node, cli in self.wanted.spec.nodes.items():
            if not self.host(node).is_on:
                found[node] = None
                continue
            said = self.host(node).exec(f"{{ {cli.ask(*QUESTIONS)}; }} 2>/dev/null", check=False)
            found[node] = NodeView.parse(said.stdout.splitlines())
        return ClusterView(found)

    def starts(self) -> dict[Node, str]:
        """Names each node's start: another start, another name."""
        return {node: found.info["run_id"] for node, found in self.view().present.items()}
