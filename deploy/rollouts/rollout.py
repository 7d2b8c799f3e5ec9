"""A verb's plan for all hosts of a cluster. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.cluster.barrier import Barrier
from deploy.cluster.nodes import ClusterSpec
from deploy.rollouts import cluster_stack
from deploy.rollouts.turns import HealthCheck, Turn, in_turn
from deploy.steps import Step


@dataclass(frozen=True)
class Rollout:
    """A verb's plan for all hosts. `ready`: what hosts do in parallel before the first turn, and
    `done`: after the last; `end`: what must hold then; `resumed`: it resumes an interrupted run.
    """

    spec: ClusterSpec
    turns: list[Turn]
    end: HealthCheck
    ready: Mapping[str, list[Step]] = field(default_factory=dict)
    done: Mapping[str, list[Step]] = field(default_factory=dict)
    resumed: bool = False

    @property
    def changes(self) -> bool:
        """Whether there is anything to do, if only to release an interrupted run's lock."""
        beside = [step for steps in (*self.ready.values(), *self.done.values()) for step in steps]
        return self.resumed or bool(self.turns) or any(step.changes for step in beside)

    def steps(self, host: str) -> list[Step]:
        """One host's part."""
        up = Barrier("all nodes answer", self.spec if host == self.spec.first else None,
                   cluster_stack.all_answer)  # fmt: skip
        # A barrier needs all hosts; the cluster's passwords exist, so there is no need for it.
        ready = (step for step in self.ready.get(host, []) if not isinstance(step, Barrier))
        return [
            *ready,
            *([up] if self.ready else []),
            *in_turn(self.turns, self.spec, host, self.end),
            *self.done.get(host, []),
        ]
