"""Choosing what to do, in a world of one factor: which state it is in can't be seen, only inferred.

A `World` is what an agent takes for granted, with S states, O observations and U actions:

* A (O, S): how probable each observation is in each state;
* B (S, S, U): how probable each next state is, by the state before it and the action;
* C (O,): how much each observation is wanted, in nats; only differences matter;
* D (S,): how probable each state is at the start.

Columns of A, B and D add up to one. Information and energies are in nats. Source: Friston et al.
2017 ("Active inference: a process theory"); Da Costa et al. 2020 for all formulas.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from thoughtstream.inference.arrays import (
    Floats,
    distributions,
    log,
    log_sum,
    numbers,
    same_shape,
    times_log,
)

PRECISION = 16.0
"""How much surer it is to follow the better of two plans, the more they differ."""

_MOST_PLANS = 100_000


@dataclass(frozen=True, eq=False)
class World:
    """A, B, C, D, as above."""

    A: Floats
    B: Floats
    C: Floats
    D: Floats

    def __post_init__(self) -> None:
        """Raises: ValueError: one of them has another shape, or columns that don't add up to 1."""
        A, D = distributions("A", self.A), distributions("D", self.D)
        if A.ndim != 2:
            raise ValueError(f"A: has the shape {A.shape}; give (observations, states)")
        observations, states = A.shape
        B = distributions("B", self.B)
        if B.ndim != 3:
            raise ValueError(f"B: has the shape {B.shape}; give (states, states, actions)")
        same_shape("B", B, (states, states, B.shape[2]))
        if not B.shape[2]:
            raise ValueError("B: has no action; give at least one")
        C = same_shape("C", numbers("C", self.C), (observations,))
        for name, array in zip("ABCD", (A, B, C, same_shape("D", D, (states,))), strict=True):
            object.__setattr__(self, name, array)

    @property
    def actions(self) -> int:
        """How many there are."""
        return int(self.B.shape[2])

    @property
    def log_wanted(self) -> Floats:
        """(O,): ln of how probable it wants each observation to be."""
        found: Floats = self.C - log_sum(self.C)
        return found

    def posterior(self, prior: Any, seen: int) -> Floats:
        """How probable each state is, (S,), when this was observed. Source: Bayes 1763.

        Raises:
            ValueError: `seen` is no observation, or none that could be, or the prior is none.
        """
        joint = self._joint(prior, seen)
        evidence = joint.sum()
        if not evidence > 0:
            raise ValueError(f"seen: {seen} can't be observed in any state that is possible")
        found: Floats = joint / evidence
        return found

    def log_evidence(self, prior: Any, seen: int) -> float:
        """ln of how probable the observation was; -∞: impossible.

        Raises:
            ValueError: `seen` is no observation, or the prior is none.
        """
        return float(log(self._joint(prior, seen).sum()))

    def free_energy(self, belief: Any, prior: Any, seen: int) -> Floats:
        """Of beliefs about the state (*beliefs, S): -`log_evidence` at the posterior, and nowhere
        less; ∞ where a belief holds possible what is not.

        Raises:
            ValueError: `seen` is no observation, or the prior or the belief is none.
        """
        held = distributions("belief", belief, axis=-1)
        if held.shape[-1] != len(self.D):
            raise ValueError(f"belief: has {held.shape[-1]} states; give {len(self.D)}")
        logs = log(self._joint(prior, seen))
        found: Floats = times_log(held, log(held) - logs).sum(axis=-1)
        return found

    def moved(self, belief: Any, action: int) -> Floats:
        """How probable each state is, (S,), when this has been done.

        Raises:
            ValueError: there is no such action, or the belief is none.
        """
        held = self._states("belief", belief)
        if not 0 <= action < self.actions:
            raise ValueError(f"action: is {action}; give 0 to {self.actions - 1}")
        found: Floats = self.B[:, :, action] @ held
        return found

    def _states(self, name: str, given: Any) -> Floats:
        return same_shape(name, distributions(name, given), self.D.shape)

    def _joint(self, prior: Any, seen: int) -> Floats:
        held = self._states("prior", prior)
        if not 0 <= seen < len(self.C):
            raise ValueError(f"seen: is {seen}; give an observation, 0 to {len(self.C) - 1}")
        found: Floats = self.A[seen] * held
        return found


@dataclass(frozen=True)
class Expected:
    """Of a plan, over its steps, in nats: `utility`, how much is wanted what it would bring;
    `information`, how much would be learned of the state. Expected free energy is less the more
    there is of both.
    """

    utility: float
    information: float

    @property
    def free_energy(self) -> float:
        """-utility - information."""
        return -self.utility - self.information


def expected(world: World, belief: Any, plan: Any) -> Expected:
    """Of a plan (actions, one after the other), where the states are as probable as this, (S,).

    Raises:
        ValueError: an action is none, or the belief is.
    """
    utility, information = _values(world, np.array([plan], dtype=np.intp), belief)
    return Expected(float(utility[0]), float(information[0]))


def plans(world: World, steps: int) -> list[tuple[int, ...]]:
    """All sequences of so many actions.

    Raises:
        ValueError: there is none, or there are more than 100,000.
    """
    if steps < 1 or world.actions**steps > _MOST_PLANS:
        raise ValueError(f"steps: is {steps}; give at least 1, and at most {_MOST_PLANS:,} plans")
    return list(product(range(world.actions), repeat=steps))


def inclination(
    world: World, belief: Any, *, steps: int = 1, precision: float = PRECISION,
    curious: bool = True,
) -> Floats:  # fmt: skip
    """How much it is inclined to each action now, (U,), adding up to one: by all plans of so many
    steps, each the more probable the less free energy it expects. Not `curious`: information is
    worth nothing to it.

    Raises:
        ValueError: the belief is none, the precision is not over 0, or there are too many plans.
    """
    if not precision > 0:
        raise ValueError(f"precision: is {precision}; give a number over 0")
    all_plans = np.array(plans(world, steps), dtype=np.intp)
    utility, information = _values(world, all_plans, belief)
    worth = precision * (utility + information if curious else utility)
    probable = np.exp(worth - log_sum(worth))
    first: Floats = np.bincount(all_plans[:, 0], probable, world.actions).astype(np.float64)
    found: Floats = first / first.sum()
    return found


def _values(world: World, all_plans: "np.typing.NDArray[np.intp]", belief: Any) -> tuple[Any, Any]:
    """Utility and information of plans, (plans, steps), both of the shape (plans,)."""
    if all_plans.size and not ((all_plans >= 0) & (all_plans < world.actions)).all():
        raise ValueError(f"plan: has an action that is none; give 0 to {world.actions - 1}")
    held = world._states("belief", belief)
    states = np.broadcast_to(held, (len(all_plans), len(held)))
    noise = -times_log(world.A, log(world.A)).sum(axis=0)
    utility, information = np.zeros(len(all_plans)), np.zeros(len(all_plans))
    for actions in all_plans.T:
        states = np.einsum("ijp,pj->pi", world.B[:, :, actions], states)
        seen = states @ world.A.T
        utility += seen @ world.log_wanted
        information += -times_log(seen, log(seen)).sum(axis=1) - states @ noise
    return utility, information
