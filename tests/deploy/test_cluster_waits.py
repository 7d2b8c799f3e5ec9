"""Waiting for a cluster: a node that says nothing for a moment is waited for, not given up."""

from dataclasses import replace

import pytest

from deploy.cluster.membership import replicate
from deploy.cluster.nodes import ClusterError, ClusterSpec, Nodes, wait
from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Node

from .views import Said, node, said, six, view


class Script(Nodes):
    """Nodes that say one thing after the other, and the last for ever; told to follow, they do."""

    def __init__(self, *views: ClusterView, timeout_s: int = 60) -> None:
        self._views = list(views)
        self._timeout_s = timeout_s
        self.asked: list[str] = []
        self.told: list[str] = []

    @property
    def spec(self) -> ClusterSpec:
        return ClusterSpec({}, 1, self._timeout_s)

    def view(self) -> ClusterView:
        return self._views.pop(0) if len(self._views) > 1 else self._views[0]

    def ask(self, node: Node, *command: str) -> str:
        self.asked.append(f"{node} {' '.join(command[:2])}")
        return "OK"

    def tell(self, text: str) -> None:
        self.told.append(text)


def changed(name: str, **how: object) -> list[Said]:
    """Six nodes, one of which is another way."""
    return [replace(one, **how) if str(one.node) == name else one for one in six()]  # type: ignore[arg-type]


def test_a_replica_that_loads_what_it_follows_now_is_waited_for() -> None:
    loading = view(changed("a:7002", silent=True))
    nodes = Script(view(six()), loading, loading, view(changed("a:7002", master="a:7001")))

    assert replicate(nodes, node("a:7002"), node("a:7001"))

    assert nodes.asked == ["a:7002 cluster replicate"]


def test_who_waits_for_long_is_told_why_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.cluster.nodes._PATIENCE_S", 0)
    silent, well = view(changed("a:7002", silent=True)), view(six())
    nodes = Script(silent, silent, silent, well)

    wait(nodes, lambda now: ["it is silent"] if now is silent else [], "it stayed silent")

    assert nodes.told == ["still waiting:\n  it is silent"]


def test_a_node_that_stays_silent_is_named_in_the_end() -> None:
    nodes = Script(view([*six()[1:], replace(said("a:7001"), silent=True)]), timeout_s=0)

    with pytest.raises(ClusterError, match=r"it did not serve within 0 s\n  a:7001 doesn't answer"):
        wait(nodes, lambda now: [] if now[node("a:7001")].slots else ["no"], "it did not serve")
