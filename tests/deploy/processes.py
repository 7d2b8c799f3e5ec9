"""A cluster of this machine's processes, looked at and told what to do as a rollout does."""

import subprocess
from dataclasses import dataclass, field

from deploy.cluster.nodes import ClusterSpec, Nodes, refused
from deploy.cluster.state import QUESTIONS, ClusterView, NodeView
from deploy.cluster.topology import Node
from deploy.commands import RedisCli
from deploy.layout import linux_native
from tests.clusters import Cluster


@dataclass
class Processes(Nodes):
    """Each server is a host of its own, named by its port, if `hosts` doesn't say another."""

    cluster: Cluster
    replicas: int = 1
    timeout_s: int = 20
    told: list[str] = field(default_factory=list)
    hosts: dict[int, str] = field(default_factory=dict)

    @property
    def spec(self) -> ClusterSpec:
        nodes = [self.node(port) for port in self.cluster.servers]
        clis = {node: RedisCli(linux_native(), node.port) for node in nodes}
        return ClusterSpec(clis, self.replicas, self.timeout_s)

    def node(self, port: int) -> Node:
        return Node(self.hosts.get(port, f"host{port}"), "127.0.0.1", port)

    def view(self) -> ClusterView:
        return ClusterView({node: self._view(node) for node in self.spec.nodes})

    def _view(self, node: Node) -> NodeView | None:
        done = self._cli(node.port, "--json", questions="\n".join(QUESTIONS))
        return NodeView.parse(done.stdout.splitlines())

    def ask(self, node: Node, *command: str) -> str:
        done = self._cli(node.port, *command)
        if done.returncode:
            raise refused(node, command, done.stdout + done.stderr)
        return done.stdout

    def tell(self, text: str) -> None:
        self.told.append(text)

    def _cli(
        self, port: int, *arguments: str, questions: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        program = ["redis-cli", "-e", "-p", str(port), *arguments]
        return subprocess.run(
            program, input=questions, capture_output=True, text=True, check=False, timeout=120
        )
