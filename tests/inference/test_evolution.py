"""MAP-Elites: it fills niches as pyribs does, finds what is best, and keeps islands apart."""

from statistics import fmean, median, quantiles

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtstream.inference.evolution import (
    Archive,
    Crossover,
    Floats,
    Islands,
    Mutation,
    Niches,
)

PYRIBS_QD = 88_841
"""What pyribs' MAP-Elites reaches on the sphere: its GaussianEmitter with sigma 0.5."""

_EDGE = 5.12
_LEAST = -1.51869
"""The least value of `waves` from -5 to 5, at (-1.705, 0.678)."""


def sphere(solutions: Floats) -> tuple[Floats, Floats]:
    """The sphere as pyribs has it: the objective is 100 at the optimum, 0 at the worst; the two
    descriptors are sums of clipped halves.
    """
    worst = (-_EDGE - 0.4 * _EDGE) ** 2 * solutions.shape[1]
    missed = ((solutions - 0.4 * _EDGE) ** 2).sum(axis=1)
    inside = np.abs(solutions) <= _EDGE
    clipped = np.where(inside, solutions, _EDGE / np.where(inside, 1, solutions))
    halves = np.split(clipped, 2, axis=1)
    return (1 - missed / worst) * 100, np.stack([half.sum(axis=1) for half in halves], axis=1)


def waves(solutions: Floats) -> Floats:
    """The function of OpenEvolve's example, to be minimised; `solutions`: [n, 2], each 0 to 1."""
    x, y = (solutions * 10 - 5).T
    found: Floats = np.sin(x) * np.cos(y) + np.sin(x * y) + (x**2 + y**2) / 20
    return found


def filled(seed: int, proposer: Mutation | Crossover, evaluations: int = 20_000) -> Archive:
    """An archive of the sphere of 20 dimensions, after so many evaluations."""
    dimensions, random = 20, np.random.default_rng(seed)
    edge = _EDGE * dimensions / 2
    archive = Archive(Niches((50, 50), (-edge, -edge), (edge, edge)), dimensions)
    first = np.zeros((1, dimensions))
    archive.add(first, *sphere(first))
    for _ in range(evaluations // 40):
        solutions = proposer.propose(archive, 40, random)
        archive.add(solutions, *sphere(solutions))
    return archive


def test_the_sphere_is_filled_as_by_pyribs() -> None:
    found = fmean(filled(seed, Mutation(0.5)).quality_diversity() for seed in range(8))
    assert found == pytest.approx(PYRIBS_QD, rel=0.01)


def test_crossover_fills_more_of_it() -> None:
    assert filled(0, Crossover(0.4)).quality_diversity() > 1.1 * PYRIBS_QD


def least_found(seed: int) -> float:
    """By how much 200 evaluations miss the least value."""
    random = np.random.default_rng(seed)
    islands = Islands(Niches((6, 6), (0, 0), (1, 1)), 2, 2)
    breeders = Mutation(0.01, 4), Crossover(0.005, pressure=4), Mutation(0.05, 4)
    for at, count in enumerate((20, *[6] * 13, 2)):
        solutions = islands.propose(breeders, count, random)
        values = waves(solutions.reshape(-1, 2)).reshape(2, -1)
        islands.add(solutions, -values, solutions)
        if at % 2:
            islands.migrate()
    best = islands.best()
    assert best is not None
    return -best[1] - _LEAST


def test_it_finds_the_least_of_many_valleys() -> None:
    """With 200 evaluations, half of all runs within a hundredth; and bad luck is no worse than that
    of a search by lot.
    """
    found = [least_found(seed) for seed in range(100)]
    lots = (np.random.default_rng(seed).uniform(size=(200, 2)) for seed in range(100))
    by_lot = [float(waves(lot).min()) - _LEAST for lot in lots]
    assert median(found) <= 0.01 < median(by_lot)
    assert quantiles(found, n=10)[-1] <= quantiles(by_lot, n=10)[-1]


def test_the_same_seed_finds_the_same() -> None:
    assert least_found(3) == least_found(3) != least_found(4)


numbers = st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(st.floats(-1e6, 1e6, allow_nan=False), numbers), min_size=1, max_size=30))
def test_a_niche_keeps_its_best_whatever_comes_in_which_order(
    found: list[tuple[float, float]],
) -> None:
    """As many calls or one; what is outside counts as the edge."""
    niches = Niches((4,), (-10.0,), (10.0,))
    solutions = np.arange(len(found), dtype=float).reshape(-1, 1)
    objectives, descriptors = (np.array(column) for column in zip(*found, strict=True))
    at_once, one_by_one = Archive(niches, 1), Archive(niches, 1)
    at_once.add(solutions, objectives, descriptors.reshape(-1, 1))
    for at in range(len(found)):
        one_by_one.add(solutions[[at]], objectives[[at]], descriptors[[at]].reshape(-1, 1))
    for archive in (at_once, one_by_one):
        where = niches.of(descriptors.reshape(-1, 1))
        best = {int(niche): objectives[where == niche].max() for niche in where}
        kept = dict(zip(archive.filled.tolist(), archive.elites[1].tolist(), strict=True))
        assert kept == best
    assert (at_once.elites[0] == one_by_one.elites[0]).all(), "of equals, who came first"


def test_what_is_no_number_is_never_taken() -> None:
    archive = Archive(Niches((2,), (0,), (1,)), 1)
    assert archive.add(np.ones((2, 1)), np.array([np.nan, -np.inf]), np.zeros((2, 1))) == 0
    assert archive.best() is None


def test_children_go_to_the_island_of_their_parents_and_the_best_to_the_next() -> None:
    islands = Islands(Niches((2, 2), (0, 0), (1, 1)), 2, 3)
    first: Floats = np.repeat([0.1, 0.2, 0.3], 2).reshape(3, 1, 2)
    islands.add(first, np.array([[1.0], [2.0], [3.0]]), first)
    children = islands.propose([Mutation(0.0)], 5, np.random.default_rng(0))
    assert np.allclose(children, first), "without noise, each is its parent"
    islands.migrate()
    assert [archive.best()[1] for archive in islands.archives if archive.best()] == [3, 2, 3]  # type: ignore[index]
