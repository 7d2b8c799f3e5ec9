"""The parts of the consciousness level: from 0 to 1, whatever the seeds are called."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from thoughtstream.inference import index

amounts = arrays(
    float, array_shapes(min_dims=2, max_dims=2, max_side=6), elements=st.floats(0, 1e6)
)


@given(amounts, st.randoms(use_true_random=False))
def test_each_part_is_from_0_to_1_and_of_no_order_of_the_seeds(
    given_: np.ndarray, random: object
) -> None:
    order = np.random.default_rng(random.randrange(2**32)).permutation(len(given_))  # type: ignore[attr-defined]
    beliefs = index.shares(given_)
    agreement = index.agreement(beliefs)
    assert 0 <= agreement <= 1
    assert np.isclose(agreement, index.agreement(beliefs[order]))
    ignition = index.ignition(given_.T)
    assert 0 <= ignition <= 1
    assert ignition == index.ignition(given_[order].T)
    winners = given_.argmax(axis=0)
    assert 0 <= index.stability(winners) <= 1
    assert index.stability(winners) == index.stability(order[winners]), "names don't count"
    parts = index.Parts(agreement, ignition, index.reach(1, 2), index.stability(winners))
    assert min(parts) <= parts.level + 1e-12 and parts.level <= max(parts) + 1e-12


@given(st.integers(2, 9), st.integers(1, 9), st.floats(0, 1e6))
def test_equal_seeds_ignite_nothing_and_agree(seeds: int, moments: int, each: float) -> None:
    activations = np.full((moments, seeds), each)
    assert index.ignition(activations) == 0
    assert index.agreement(index.shares(activations.T)) == pytest.approx(1)


def test_opposites_agree_on_nothing_and_one_that_stands_out_ignites() -> None:
    assert index.agreement(np.eye(3)) == pytest.approx(0)
    assert index.ignition(np.array([[1.0, 0, 0]])) == 1
    assert index.reach(0, 3) == 0 == index.reach(0, 0)
    assert index.stability(np.array([1, 1, 2, 2])) == 2 / 3
    assert index.Parts(1, 0, 1, 1).level == 0, "where one is missing there is none"
