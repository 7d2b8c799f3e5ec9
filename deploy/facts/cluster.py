"""The cluster's nodes on one host."""

from collections.abc import Mapping

from deploy.cluster.state import QUESTIONS, NodeView
from deploy.cluster.topology import Node
from deploy.commands import RedisCli
from deploy.facts.base import ScriptFact, script

_MARK = "=== "


class NodesFact(ScriptFact[dict[str, NodeView | None]]):
    """The view of each node by its name, asked as admin, all in one command; None if it doesn't
    answer, or refuses the admin.
    """

    def command(self, nodes: Mapping[Node, RedisCli]) -> str:
        asked = [
            (f"echo '{_MARK}{node}'", cli.as_it_runs.ask(*QUESTIONS)) for node, cli in nodes.items()
        ]
        return script(*(line for lines in asked for line in lines))

    def process(self, output: list[str]) -> dict[str, NodeView | None]:
        answers: dict[str, list[str]] = {}
        name = ""
        for line in output:
            if line.startswith(_MARK):
                name = line.removeprefix(_MARK)
                answers[name] = []
            else:
                answers.setdefault(name, []).append(line)
        return {name: NodeView.parse(lines) for name, lines in answers.items()}

    @staticmethod
    def default() -> dict[str, NodeView | None]:
        return {}


class LockFact(ScriptFact[str | None]):
    """The content of the cluster's lock file; None if there is none."""

    def command(self, path: str) -> str:
        return script(f"cat {path} && echo")

    def process(self, output: list[str]) -> str | None:
        return "\n".join(output).strip()

    @staticmethod
    def default() -> str | None:
        return None
