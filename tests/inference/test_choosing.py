"""States and plans as pymdp infers them; curiosity, and what becomes of an agent without it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from thoughtstream.inference.choosing import World, expected, inclination

CASES = json.loads((Path(__file__).parent / "pymdp.json").read_text())["cases"]
TRIALS = 1000
SURE = 0.98

THEIRS = 1e-5
"""pymdp adds exp(-16) to each probability whose logarithm it takes for information."""

CENTRE, CUE, LEFT, RIGHT = range(4)
"""Where one can go, in a maze like a T, with food in one arm."""

REWARD, LOSS = 3.0, -2.9
"""Nearly alike: an arm is worth hardly anything to who does not know where the food is."""


def world_of(case: dict[str, Any]) -> World:
    return World(*(np.array(case[name]) for name in "ABCD"))


def test_as_pymdp_infers() -> None:
    for case in CASES:
        infers_alike(case)


def infers_alike(case: dict[str, Any]) -> None:
    world = world_of(case)
    posterior = world.posterior(world.D, case["seen"])
    assert_allclose(posterior, case["posterior"], rtol=0, atol=1e-12)
    for plan in case["policies"]:
        found = expected(world, posterior, plan["policy"])
        assert_allclose(found.utility, plan["utility"], rtol=1e-12, atol=1e-12)
        assert_allclose(found.information, plan["information"], rtol=0, atol=THEIRS)
        assert found.free_energy == -found.utility - found.information


@pytest.mark.parametrize("case", CASES[:6], ids=range(6))
def test_information_is_what_the_next_observation_is_expected_to_tell(case: dict[str, Any]) -> None:
    world = world_of(case)
    states = world.moved(world.D, 0)
    told = 0.0
    for seen, probable in enumerate(world.A @ states):
        posterior = world.posterior(states, seen)
        told += probable * (posterior * np.log(posterior / states)).sum()
    assert_allclose(expected(world, world.D, [0]).information, told, rtol=1e-12)


def test_free_energy_is_minus_log_evidence_at_the_posterior_and_nowhere_less() -> None:
    chance = np.random.default_rng(2)
    for case in CASES[:10]:
        world = world_of(case)
        posterior, seen = world.posterior(world.D, case["seen"]), case["seen"]
        least = world.free_energy(posterior, world.D, seen)
        assert_allclose(least, -world.log_evidence(world.D, seen), rtol=1e-12)
        others = chance.dirichlet(np.ones(len(world.D)), 10_000)
        assert (world.free_energy(others, world.D, seen) >= least - 1e-12).all()


def maze() -> World:
    """States: where, and which arm has the food. An arm can't be left."""
    states = [(where, food) for where in range(4) for food in (LEFT, RIGHT)]
    observations = ["centre", "cue left", "cue right", *(f"{w} {x}" for w in "23" for x in "+-")]
    A = np.zeros((len(observations), len(states)))
    B = np.zeros((len(states), len(states), 4))
    for n, (where, food) in enumerate(states):
        if where == CENTRE:
            A[0, n] = 1
        elif where == CUE:
            A[1 if food == LEFT else 2, n] = 1
        else:
            first = observations.index(f"{where} +")
            A[first, n] = SURE if where == food else 1 - SURE
            A[first + 1, n] = 1 - A[first, n]
        for action in range(4):
            goes = where if where in (LEFT, RIGHT) else action
            B[states.index((goes, food)), n, action] = 1
    C = np.array([0, 0, 0, REWARD, LOSS, REWARD, LOSS])
    return World(A, B, C, np.eye(8)[:2].mean(axis=0))


def drawn(chance: np.random.Generator, probable: np.ndarray) -> int:
    return int(np.searchsorted(probable.cumsum(), chance.random(), side="right"))


@cache
def the_best(world: World, belief: tuple[float, ...], steps: int, curious: bool) -> list[int]:
    """The actions to which it is inclined most. There are few beliefs that it comes to have."""
    inclined = inclination(world, belief, steps=steps, curious=curious)
    return [*map(int, np.flatnonzero(inclined >= inclined.max() - 1e-9))]


def run(world: World, chance: np.random.Generator, *, curious: bool) -> tuple[int, bool]:
    """One trial of two steps: where it went first, and whether it was rewarded."""
    state = drawn(chance, world.D)
    belief, first, rewarded = world.D, None, False
    for left in (2, 1):
        best = the_best(world, tuple(belief), left, curious)
        action = int(chance.choice(best))
        first = action if first is None else first
        state = drawn(chance, world.B[:, state, action])
        seen = drawn(chance, world.A[:, state])
        belief = world.posterior(world.moved(belief, action), seen)
        rewarded = bool(world.C[seen] == REWARD)
    return first or 0, rewarded


def test_who_is_curious_looks_at_the_cue_first_and_is_rewarded() -> None:
    world, chance = maze(), np.random.default_rng(3)
    trials = [run(world, chance, curious=True) for _ in range(TRIALS)]
    assert {first for first, _ in trials} == {CUE}
    assert sum(rewarded for _, rewarded in trials) >= 0.96 * TRIALS


def test_without_curiosity_it_is_rewarded_by_luck() -> None:
    world, chance = maze(), np.random.default_rng(4)
    trials = [run(world, chance, curious=False) for _ in range(TRIALS)]
    assert {first for first, _ in trials} == {LEFT, RIGHT}
    assert abs(sum(rewarded for _, rewarded in trials) / TRIALS - 0.5) <= 0.03


def test_what_is_no_world_is_named() -> None:
    world = maze()
    with pytest.raises(ValueError, match=r"A: adds up to 1\.5 along axis 0"):
        World(np.array([[0.5], [1.0]]), world.B, world.C, world.D)
    with pytest.raises(ValueError, match=r"B: has the shape \(2, 2, 1\); give \(8, 8, 1\)"):
        World(world.A, np.full((2, 2, 1), 0.5), world.C, world.D)
    with pytest.raises(ValueError, match=r"C: has the shape \(2,\); give \(7,\)"):
        World(world.A, world.B, np.zeros(2), world.D)
    with pytest.raises(ValueError, match="seen: 5 can't be observed in any state"):
        world.posterior(world.D, 5)
    with pytest.raises(ValueError, match="seen: is 7; give an observation, 0 to 6"):
        world.posterior(world.D, 7)
    with pytest.raises(ValueError, match="action: is 4; give 0 to 3"):
        world.moved(world.D, 4)
    with pytest.raises(ValueError, match="steps: is 9; give at least 1, and at most 100,000 plans"):
        inclination(world, world.D, steps=9)
    with pytest.raises(ValueError, match="plan: has an action that is none; give 0 to 3"):
        expected(world, world.D, [4])
