"""Turns: steps taken one at a time, across all hosts of a run. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.cluster.barrier import Barrier
from deploy.cluster.health import problems
from deploy.cluster.nodes import CURE, UNHEALTHY, ClusterSpec, wait
from deploy.cluster.state import ClusterView
from deploy.cluster.steps import ClusterStep, OnCluster
from deploy.cluster.topology import Node
from deploy.steps import Step


@dataclass(frozen=True)
class HealthCheck:
    """What must hold before a turn: these nodes are healthy among each other, and every shard has
    this many replicas.
    """

    nodes: frozenset[Node]
    replicas: int

    def problems(self, view: ClusterView) -> list[str]:
        """Why the turn may not begin."""
        return problems(view.only(self.nodes), self.replicas)


@dataclass(frozen=True)
class Turn:
    """A step on a host; `requires`: what must hold before it begins."""

    host: str
    step: Step
    requires: HealthCheck | None

    def __str__(self) -> str:
        return f"{self.host}: {self.step}"


def show(turns: Sequence[Turn]) -> list[str]:
    """The turns that change something, for an operator to read first."""
    changes = [turn for turn in turns if turn.step.changes]
    return [f"Plan {number}/{len(changes)}: {turn}" for number, turn in enumerate(changes, 1)]


def in_turn(turns: Sequence[Turn], spec: ClusterSpec, host: str, end: HealthCheck) -> list[Step]:
    """One host's part. All hosts pass the same barriers, so that a turn begins when all before it
    are done, on whichever host; a failure ends the run on all hosts. `end`: what must hold then.
    """
    steps: list[Step] = []
    for number, turn in enumerate(turns, 1):
        steps.append(_barrier(f"before turn {number} of {len(turns)}", turn.requires, spec, host))
        if host == turn.host:
            step = turn.step
            steps.append(OnCluster(step, spec) if isinstance(step, ClusterStep) else step)
    return [*steps, _barrier("after the last turn", end, spec, host)]


def _barrier(when: str, requires: HealthCheck | None, spec: ClusterSpec, host: str) -> Barrier:
    what = f"the cluster is healthy {when}" if requires else f"all hosts are ready {when}"
    if requires is None or host != spec.first:
        return Barrier(what)
    failure = f"{UNHEALTHY} {when}"
    return Barrier(what, spec, lambda nodes: wait(nodes, requires.problems, failure, CURE))
