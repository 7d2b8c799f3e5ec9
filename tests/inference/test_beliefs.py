"""Beliefs equal the closed forms, and free energy is what it is said to be."""

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose

from thoughtstream.inference.beliefs import Beta, Dirichlet, Gaussian
from thoughtstream.inference.gamma import digamma

CASES = 100_000
CHANCE = np.random.default_rng(1)


def covariance_of(prior: Gaussian, size: int, noise: float) -> np.ndarray:
    return np.full((size, size), float(prior.variance)) + noise * np.eye(size)


def test_a_gaussian_posterior_is_the_conditional_of_the_joint() -> None:
    prior, noise = Gaussian.of(1.5, 4.0), 0.7
    values = CHANCE.normal(3, 1, 6)
    gain = np.linalg.solve(covariance_of(prior, 6, noise), np.full(6, 4.0))
    posterior = prior.after(values, noise)
    assert_allclose(posterior.mean, 1.5 + gain @ (values - 1.5), rtol=1e-12)
    assert_allclose(posterior.variance, 4.0 - gain @ np.full(6, 4.0), rtol=1e-12)


def test_gaussian_free_energy_is_minus_log_evidence_at_the_posterior() -> None:
    prior, noise = Gaussian.of(1.5, 4.0), 0.7
    values = CHANCE.normal(3, 1, 6)
    covariance = covariance_of(prior, 6, noise)
    apart = values - 1.5
    _, log_det = np.linalg.slogdet(2 * math.pi * covariance)
    evidence = -0.5 * (log_det + apart @ np.linalg.solve(covariance, apart))
    energy = prior.after(values, noise).free_energy(prior, values, noise)
    assert_allclose(energy, -evidence, rtol=1e-12)


def test_gaussian_free_energy_is_nowhere_less() -> None:
    prior = Gaussian.of(CHANCE.normal(0, 2, CASES), CHANCE.gamma(2, 1, CASES) + 0.01)
    values, noise = CHANCE.normal(0, 3, (2, CASES)), CHANCE.gamma(2, 1, CASES) + 0.01
    least = prior.after(values, noise).free_energy(prior, values, noise)
    other = Gaussian.of(CHANCE.normal(0, 3, CASES), CHANCE.gamma(2, 1, CASES) + 0.01)
    assert (other.free_energy(prior, values, noise) >= least - 1e-9).all()
    in_turn = prior.surprise(values[0], noise)
    in_turn = in_turn + prior.after(values[:1], noise).surprise(values[1], noise)
    assert_allclose(least, in_turn, rtol=1e-9, atol=1e-9)


def test_right_and_sure_beats_wrong_and_unsure() -> None:
    """Without the term of log precision, whoever is unsure would be the better one."""
    values = np.array([4.8, 5.1, 5.4, 4.6])
    right, wrong = Gaussian.of(5.0, 0.01), Gaussian.of(3.0, 25.0)
    sure, unsure = right.expected_surprise(values, 0.1), wrong.expected_surprise(values, 100.0)
    assert sure.sum() < unsure.sum()
    without = [
        (one - 0.5 * math.log(2 * math.pi * noise)).sum()
        for one, noise in ((sure, 0.1), (unsure, 100.0))
    ]
    assert without[0] > without[1]


def test_counts_equal_the_closed_forms() -> None:
    posterior = Beta.of(2, 3).after([4, 1])
    assert_allclose(posterior.probability, float(Fraction(6, 10)), rtol=1e-15)
    dirichlet = Dirichlet(np.array([1.0, 2.0, 3.0])).after([3, 0, 1])
    assert_allclose(dirichlet.mean, [0.4, 0.2, 0.4], rtol=1e-15)
    flat = Dirichlet(np.ones(3))
    assert_allclose(flat.log_evidence([2, 1, 0]), math.log(2 * 2 / math.factorial(5)), rtol=1e-12)
    assert_allclose(Beta.of(1, 1).divergence(Beta.of(2, 1)), 1 - math.log(2), rtol=1e-12)


def test_dirichlet_free_energy() -> None:
    cases = CASES // 10
    prior = Dirichlet(CHANCE.gamma(1, 2, (cases, 3)) + 0.05)
    seen = CHANCE.integers(0, 9, (cases, 3))
    least = prior.after(seen).free_energy(prior, seen)
    assert_allclose(least, -prior.log_evidence(seen), rtol=1e-9, atol=1e-9)
    other = Dirichlet(CHANCE.gamma(1, 5, (cases, 3)) + 0.05)
    assert (other.free_energy(prior, seen) >= least - 1e-9).all()


def test_digamma() -> None:
    gamma = 0.57721566490153286061
    x = np.array([1.0, 2.0, 0.5, 10.5, 1e6, 0.01])
    steps = 2 * sum(1 / (2 * k - 1) for k in range(1, 11))
    known = [
        -gamma, 1 - gamma, -gamma - 2 * math.log(2), -gamma - 2 * math.log(2) + steps,
        math.log(1e6) - 0.5e-6 - 1 / 12e12, -100.560885457869,
    ]  # fmt: skip
    assert_allclose(digamma(x), known, rtol=1e-13)


@pytest.mark.parametrize("parts", [2, 5])
def test_fusing_counts_the_prior_once(parts: int) -> None:
    prior, values = Gaussian.of(-1.0, 9.0), CHANCE.normal(2, 1, 20)
    pieces = [prior.after(piece, 0.5) for piece in np.array_split(values, parts)]
    together = pieces[0].fused(*pieces[1:], prior=prior)
    alone = prior.after(values, 0.5)
    assert_allclose([together.mean, together.variance], [alone.mean, alone.variance], rtol=1e-12)
    known, seen = Dirichlet(np.array([1.0, 2.0])), CHANCE.integers(0, 5, (parts, 2))
    counted = [known.after(one) for one in seen]
    fused = counted[0].fused(*counted[1:], prior=known)
    assert_allclose(fused.counts, known.after(seen.sum(axis=0)).counts, rtol=1e-12)


def test_what_is_no_belief_is_named() -> None:
    with pytest.raises(ValueError, match="variance: has 0; give numbers over 0"):
        Gaussian.of(1, 0)
    with pytest.raises(ValueError, match="mean: has NaN"):
        Gaussian.of(math.nan, 1)
    with pytest.raises(ValueError, match="values: are no numbers"):
        Gaussian.of(1, 1).after(["x"], 1)
    with pytest.raises(ValueError, match="prior: is surer"):
        Gaussian.of(1, 1).fused(Gaussian.of(1, 1), prior=Gaussian.of(1, 0.1))
    with pytest.raises(ValueError, match=r"counts: has the shape \(1,\)"):
        Dirichlet(np.array([1.0]))
    with pytest.raises(ValueError, match="a Beta has two"):
        Beta(np.ones(3))
    with pytest.raises(ValueError, match="seen: has -1; give numbers of 0 or more"):
        Beta.of().after([1, -1])
