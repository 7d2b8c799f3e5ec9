"""MAP-Elites with islands: of each niche, the best that was found there.

What is evolved is a vector of D numbers, each 0 to 1. Of each, an evaluation says how good it is
(`objective`: the more the better, in a unit of its own; it is never scaled, so that what is better
ranks higher, however good it is) and what it is like (`descriptors`: d numbers, which choose its
niche). Islands have archives of their own; now and then, the best of each also comes to the next.

Sources: Mouret & Clune, Illuminating search spaces by mapping elites (arXiv:1504.04909); Tanese,
Distributed genetic algorithms (1989); Vassiliades & Mouret, Discovering the elite hypervolume by
leveraging interspecies correlation (arXiv:1804.03906).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from thoughtstream.inference.priors import Basal, Expectation, Statistics, expectations

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

_BASAL = Basal(0.5, 1 / np.sqrt(12), 0, 1)
"""A number may be anything from 0 to 1."""


@dataclass(frozen=True)
class Niches:
    """A grid over descriptors: so many `cells` along each of d axes, from `low` to `high`. What is
    outside belongs to the niche at the edge.
    """

    cells: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def count(self) -> int:
        """How many niches there are."""
        return int(np.prod(self.cells))

    def of(self, descriptors: Floats) -> Places:
        """The niche of each, 0 to `count` - 1; `descriptors`: [n, d]."""
        low, high = np.array(self.low), np.array(self.high)
        at = (descriptors - low) / (high - low) * self.cells
        inside = np.clip(np.nan_to_num(at), 0, np.array(self.cells) - 1).astype(np.intp)
        return np.asarray(np.ravel_multi_index(tuple(inside.T), self.cells), np.intp)


class Archive:
    """The elites of one island: at most one in a niche."""

    def __init__(self, niches: Niches, dimensions: int) -> None:
        self.niches = niches
        self._solutions = np.zeros((niches.count, dimensions))
        self._objectives = np.full(niches.count, -np.inf)

    def add(self, solutions: Floats, objectives: Floats, descriptors: Floats) -> int:
        """Take those that are better than the elite of their niche; of equals, who came first.

        Args:
            solutions: [n, D]. objectives: [n]; one that is no number is never taken.
            descriptors: [n, d].

        Returns how many niches have another elite.
        """
        return self.take(self.niches.of(descriptors), solutions, objectives)

    def take(self, where: Places, solutions: Floats, objectives: Floats) -> int:
        """As `add`, of what belongs to these niches [n]."""
        worst_first = np.lexsort((-np.arange(len(objectives)), objectives))
        better = worst_first[objectives[worst_first] > self._objectives[where[worst_first]]]
        self._solutions[where[better]] = solutions[better]  # of one niche, the last one stays
        self._objectives[where[better]] = objectives[better]
        return len(np.unique(where[better]))

    @property
    def filled(self) -> Places:
        """The niches that have an elite [m]."""
        return np.flatnonzero(np.isfinite(self._objectives))

    @property
    def elites(self) -> tuple[Floats, Floats]:
        """Their solutions [m, D] and objectives [m], in the order of `filled`."""
        return self._solutions[self.filled], self._objectives[self.filled]

    def best(self) -> tuple[Floats, float] | None:
        """The solution [D] with the highest objective, and that; None: there is no elite yet."""
        solutions, objectives = self.elites
        if not len(objectives):
            return None
        at = int(np.argmax(objectives))
        return solutions[at], float(objectives[at])

    def quality_diversity(self) -> float:
        """The sum of all elites' objectives, in their unit. Source: Pugh et al., Quality diversity
        (Frontiers in Robotics and AI, 2016).
        """
        return float(self.elites[1].sum())


class Proposer(Protocol):
    """Proposes what to evaluate next. A language model would plug in here, too."""

    def propose(self, archive: Archive, count: int, random: np.random.Generator) -> Floats:
        """So many solutions [count, D], given the elites so far; they depend on nothing else."""
        ...


@dataclass(frozen=True)
class Mutation:
    """An elite, and normal noise on each number.

    `deviation`: the standard deviation of the noise. `pressure`: 1 chooses each elite as likely as
    the others; with more, the better ones more often: the quantile of its rank is u^pressure, u
    being uniform.
    """

    deviation: float
    pressure: float = 1.0

    def propose(self, archive: Archive, count: int, random: np.random.Generator) -> Floats:
        """So many [count, D]."""
        parents = _chosen(archive, count, self.pressure, random)
        return parents + random.normal(0, self.deviation, parents.shape)


@dataclass(frozen=True)
class Crossover:
    """As a mutation, and then some way along the line to another elite, or away from it; `along`:
    the standard deviation of how far, 1 being all the way (Vassiliades & Mouret's Iso+LineDD).
    """

    deviation: float
    along: float = 0.2
    pressure: float = 1.0

    def propose(self, archive: Archive, count: int, random: np.random.Generator) -> Floats:
        """So many [count, D]."""
        one = _chosen(archive, count, self.pressure, random)
        other = _chosen(archive, count, 1.0, random)
        far = random.normal(0, self.along, (count, 1))
        return one + random.normal(0, self.deviation, one.shape) + far * (other - one)


@dataclass(frozen=True)
class Prior:
    """Draws from what the better half of the elites have in common: their lineage's prior on each
    number, made of their sufficient statistics (`priors.py`). Source: Larrañaga & Lozano,
    Estimation of distribution algorithms (2002), UMDAc.
    """

    def propose(self, archive: Archive, count: int, random: np.random.Generator) -> Floats:
        """So many [count, D]."""
        solutions, objectives = archive.elites
        best_first = np.argsort(-objectives, kind="stable")
        better = solutions[best_first[: (len(solutions) + 1) // 2]]
        learned = [_learned(numbers) for numbers in better.T]
        means, deviations = np.array([(one.mean, one.deviation) for one in learned]).T
        return random.normal(means, deviations, (count, len(learned)))


def _learned(numbers: Floats) -> Expectation:
    """What the prior expects of a number that the better ones [m] have so."""
    mean = float(numbers.mean())
    squares = float(((numbers - mean) ** 2).sum())
    return expectations(_BASAL, [Statistics(len(numbers), mean, squares)])[-1]


def _chosen(archive: Archive, count: int, pressure: float, random: np.random.Generator) -> Floats:
    """So many elites [count, D]."""
    solutions, objectives = archive.elites
    best_first = np.argsort(-objectives, kind="stable")
    rank = (len(solutions) * random.uniform(size=count) ** pressure).astype(np.intp)
    return solutions[best_first[rank]]


class Islands:
    """Several archives of vectors of so many numbers, each fed by what its own elites propose."""

    def __init__(self, niches: Niches, dimensions: int, islands: int) -> None:
        self.archives = [Archive(niches, dimensions) for _ in range(islands)]
        self._dimensions = dimensions

    def propose(
        self, proposers: Sequence[Proposer], count: int, random: np.random.Generator
    ) -> Floats:
        """So many for each island [islands, count, D], each number 0 to 1. The proposers of an
        island have equal shares; until it has an elite, all are drawn uniformly.
        """
        return np.stack([self._of(one, proposers, count, random) for one in self.archives])

    def _of(
        self, archive: Archive, proposers: Sequence[Proposer], count: int,
        random: np.random.Generator,
    ) -> Floats:  # fmt: skip
        if not len(archive.filled):
            return random.uniform(size=(count, self._dimensions))
        shares = [len(range(at, count, len(proposers))) for at in range(len(proposers))]
        each = zip(proposers, shares, strict=True)
        found = [one.propose(archive, share, random) for one, share in each]
        return np.clip(np.concatenate(found), 0, 1)

    def add(self, solutions: Floats, objectives: Floats, descriptors: Floats) -> None:
        """What came of what `propose` said: [islands, n, D], [islands, n], [islands, n, d]."""
        each = zip(self.archives, solutions, objectives, descriptors, strict=True)
        for archive, *found in each:
            archive.add(*found)

    def migrate(self) -> None:
        """The best of each island comes to the next one, too, and so on around."""
        bests = [_best_of(archive) for archive in self.archives]
        for archive, best in zip(self.archives, [bests[-1], *bests[:-1]], strict=True):
            archive.take(*best)

    def best(self) -> tuple[Floats, float] | None:
        """Of all islands; None: there is none yet."""
        found = [best for archive in self.archives if (best := archive.best())]
        return max(found, key=lambda one: one[1], default=None)


def _best_of(archive: Archive) -> tuple[Places, Floats, Floats]:
    """Its niche [1], solution [1, D], objective [1]; of an island without elites, none of them."""
    solutions, objectives = archive.elites
    at = np.argsort(-objectives, kind="stable")[:1]
    return archive.filled[at], solutions[at], objectives[at]
