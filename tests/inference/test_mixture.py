"""A mixture of seeds is nearly as good as the best of them, and follows when that changes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from thoughtstream.inference.mixture import Mixture, bound

LOSSES = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).gamma(1, 3, (40, 1 + seed % 5))
)


def lost(mixture: Mixture, losses: np.ndarray) -> float:
    total = 0.0
    for each in losses:
        total += mixture.loss(each)
        mixture = mixture.after(each)
    return total


@settings(max_examples=25)
@given(LOSSES)
def test_it_loses_at_most_ln_k_to_the_best(losses: np.ndarray) -> None:
    seeds = losses.shape[1]
    regret = lost(Mixture.of(seeds, 0), losses) - losses.sum(axis=0).min()
    assert regret <= math.log(seeds) + 1e-9
    assert regret <= bound(seeds, len(losses), 0, 0) + 1e-9


@settings(max_examples=25)
@given(LOSSES, st.floats(0.001, 0.5), st.integers(0, 5))
def test_with_a_share_it_follows_within_the_bound(
    losses: np.ndarray, share: float, changes: int
) -> None:
    steps, seeds = losses.shape
    if seeds == 1:
        changes = 0
    parts = np.array_split(losses, changes + 1)
    best = sum(part.sum(axis=0).min() for part in parts)
    most = bound(seeds, steps, changes, share) if seeds > 1 else 0
    assert lost(Mixture.of(seeds, share), losses) - best <= most + 1e-9


def test_who_bets_on_the_leader_loses_without_bound() -> None:
    """Two seeds that are right in turn: whoever leads is wrong next."""
    losses = np.array([[0.5, 0.0]] + [[0.0, 1.0], [1.0, 0.0]] * 50)
    so_far = np.vstack([np.zeros(2), losses.cumsum(axis=0)[:-1]])
    leader = losses[np.arange(len(losses)), so_far.argmin(axis=1)].sum()
    best = losses.sum(axis=0).min()
    assert leader - best >= 50
    assert lost(Mixture.of(2, 0), losses) - best <= math.log(2) + 1e-9


def test_weights_stay_a_distribution_and_mean_and_variance_are_the_mixtures() -> None:
    mixture = Mixture.of(3, 0.1).after([1000.0, 0.0, 2000.0])
    assert_allclose(mixture.weights, [0.05, 0.9, 0.05], rtol=1e-12)
    mean, variance = mixture.predicted([0.0, 1.0, 2.0], [1.0, 1.0, 1.0])
    assert_allclose([mean, variance], [1.0, 1.1], rtol=1e-12)


def test_what_is_no_mixture_is_named() -> None:
    with pytest.raises(ValueError, match="seeds: is 0"):
        Mixture.of(0)
    with pytest.raises(ValueError, match="share: is 2; give a number from 0 to 1"):
        Mixture.of(2, 2)
    with pytest.raises(ValueError, match=r"losses: has the shape \(3,\); give \(2,\)"):
        Mixture.of(2).loss([1, 2, 3])
    with pytest.raises(ValueError, match="changes: is 5; give 0 to 4"):
        bound(2, 5, 5, 0.1)
