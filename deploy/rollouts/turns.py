"""Turns: what happens on which host, strictly one after the other over all hosts of a run. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.cluster.barrier import Barrier
from deploy.cluster.health import problems
from deploy.cluster.nodes import CURE, ClusterSpec, wait
from deploy.cluster.state import ClusterView
from deploy.cluster.steps import ClusterStep, OnCluster
from deploy.cluster.topology import Node
from deploy.steps import Step


@dataclass(frozen=True)
class HealthCheck:
    """What has to be well before a turn: these nodes among each other, and every shard with so many
    replicas.
    """

    nodes: frozenset[Node]
    replicas: int

    def problems(self, view: ClusterView) -> list[str]:
        """Why the turn may not begin."""
        return problems(view.only(self.nodes), self.replicas)


@dataclass(frozen=True)
class Turn:
    """A step on a host; `well`: what must be so before it begins."""

    host: str
    step: Step
    requires: HealthCheck | None

    def __str__(self) -> str:
        return f"{self.host}: {self.step}"


def show(turns: Sequence[Turn]) -> list[str]:
    """The turns that change something, as a person reads them before they are taken."""
    changes = [turn for turn in turns if turn.step.changes]
    return [f"Plan {number}/{len(changes)}: {turn}" for number, turn in enumerate(changes, 1)]


def in_turn(turns: Sequence[Turn], spec: ClusterSpec, host: str, end: HealthCheck) -> list[Step]:
    """One host's part. All hosts come to the same barriers, so that a turn begins when all before
    it are done, wherever they were; a failure ends the run on all hosts. `end`: what is well then.
    """
    steps: list[Step] = []
    for number, turn in enumerate(turns, 1):
        steps.append(_barrier(f"before turn {number} of {len(turns)}", turn.requires, spec, host))
        if host == turn.host:
            step = turn.step
            steps.append(OnCluster(step, spec) if isinstance(step, ClusterStep) else step)
    return [*steps, _barrier("after the last turn", end, spec, host)]


def _barrier(when: str, requires: HealthCheck | None, spec: ClusterSpec, host: str) -> Barrier:
    what = f"the cluster is well {when}" if requires else f"all hosts are there {when}"
    if requires is None or host != spec.first:
        return Barrier(what)
    return Barrier(what, spec, lambda nodes: wait(nodes, requires.problems, f"{what}; {CURE}"))
