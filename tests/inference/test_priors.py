"""Priors are sufficient statistics: exchanged in any way, they add up to the same, and follow."""

import itertools
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from thoughtstream.inference.priors import (
    DISCOUNT,
    Basal,
    Report,
    Statistics,
    added_up,
    expectations,
    newest,
)

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


def seen(values: list[float], discount: float = 1.0) -> Statistics:
    found = Statistics()
    for value in values:
        found = found.after(value, discount)
    return found


def close(one: Statistics, other: Statistics) -> None:
    size = max(abs(other.mean), math.sqrt(other.squares), 1.0)
    assert_allclose(one.weight, other.weight, rtol=1e-9)
    assert_allclose(one.mean, other.mean, rtol=0, atol=1e-9 * size)
    assert_allclose(one.squares, other.squares, rtol=1e-9, atol=1e-9 * size * size)


@settings(max_examples=40)
@given(VALUES, st.integers(1, 6), st.randoms(use_true_random=False))
def test_any_order_repetition_and_partition_is_the_one_sequential_result(
    values: list[float], agents: int, chance: random.Random
) -> None:
    """Agents see a part each, and tell each other at any time what they know of all."""
    own: dict[str, tuple[int, Statistics]] = {f"a{n}": (0, Statistics()) for n in range(agents)}
    known: dict[str, dict[str, Report]] = {name: {} for name in own}
    for value in values:
        name = chance.choice([*own])
        count, statistics = own[name]
        own[name] = count + 1, statistics.after(value)
        known[name] = newest(known[name], {name: own[name]})
        one, other = chance.choice([*own]), chance.choice([*own])
        known[one] = newest(known[one], known[other])
    everything = [*known.values()] * 2
    chance.shuffle(everything)
    close(added_up(newest(*everything)), seen(values))


def test_a_thousand_silent_exchanges_change_nothing() -> None:
    reports = {name: (3, seen([1.0, 2.0, n])) for n, name in enumerate(("ana", "bob", "cy"))}
    known = {name: {name: report} for name, report in reports.items()}
    chance = random.Random(5)
    for one, other in itertools.permutations(known, 2):
        known[one] = newest(known[one], known[other])
    before = {name: added_up(theirs) for name, theirs in known.items()}
    for _ in range(1000):
        one, other = chance.sample([*known], 2)
        known[one] = newest(known[one], known[other])
    assert {name: added_up(theirs) for name, theirs in known.items()} == before
    assert {*before.values()} == {added_up(reports)}


def test_they_are_what_numpy_says_of_the_values() -> None:
    values = np.random.default_rng(6).normal(1e9, 1, 500)
    found = seen([*values])
    assert_allclose(found.mean, values.mean(), rtol=1e-15)
    assert_allclose(found.squares, 500 * values.var(), rtol=1e-6)
    weights = 0.9 ** np.arange(500)[::-1]
    assert_allclose(seen([*values], 0.9).mean, np.average(values, weights=weights), rtol=1e-15)


def errors_after_a_move(runs: int, before: int, after: int) -> np.ndarray:
    """Squared errors of what is expected, (runs, after), as the world moves by 4 deviations."""
    chance, basal = np.random.default_rng(7), Basal(0, 3)
    found = np.zeros((runs, after))
    for run in range(runs):
        levels = [Statistics()] * len(DISCOUNT)
        world = [*chance.normal(0, 1, before), *chance.normal(4, 1, after)]
        for n, value in enumerate(world):
            if n >= before:
                found[run, n - before] = (expectations(basal, levels)[-1].mean - value) ** 2
            levels = [
                one.after(value, discount)
                for one, discount in zip(levels, DISCOUNT.values(), strict=True)
            ]
    return found


def test_a_prior_follows_a_world_that_moves() -> None:
    errors = errors_after_a_move(runs=40, before=100, after=140)
    assert errors[:, :3].mean() > 10
    assert errors[:, 30:40].mean() < 2
    assert errors[:, 60:].mean() <= 1.2


def test_an_inner_mean_stays_within_reach_of_the_outer() -> None:
    basal = Basal(0, 1, least=-10, most=2.5)
    for few in (1, 3):
        outer = expectations(basal, [seen([9.0] * few)])
        assert outer[1].mean <= 2.5
    pulled = expectations(basal, [seen([0.0, 0.1] * 50), seen([2.0] * 50)], reach=2)
    lineage, inner = pulled[1:]
    assert_allclose(inner.mean, lineage.mean + 2 * lineage.deviation, rtol=1e-12)
    assert pulled[0] == expectations(basal, [])[0]


def test_what_is_forbidden_is_refused() -> None:
    basal = Basal(0, 1, least=-2, most=2)
    assert basal.check(2) == 2
    with pytest.raises(ValueError, match="value: is 3; the basal prior allows -2 to 2"):
        basal.check(3)
    with pytest.raises(ValueError, match="value: has NaN"):
        basal.check(math.nan)
    with pytest.raises(ValueError, match="mean: is 3, which it forbids itself"):
        Basal(3, 1, least=-2, most=2)
    with pytest.raises(ValueError, match="deviation: is 0; give a number over 0"):
        Basal(0, 0)
    with pytest.raises(ValueError, match=r"discount: is 1\.1; give a number from 0 to 1"):
        Statistics().after(1, 1.1)
    with pytest.raises(ValueError, match="reach: is 0; give a number over 0"):
        expectations(basal, [], reach=0)


def test_surprise_is_that_of_the_normal_density() -> None:
    found = expectations(Basal(1, 2), [])[0].surprise(4)
    assert_allclose(found, 0.5 * math.log(2 * math.pi * 4) + 9 / 8, rtol=1e-12)
