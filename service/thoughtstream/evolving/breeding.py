"""What is tried out next: generation after generation, all of it following from the seed and from
what came of the generations before.

Beside each generation that is bred, as many architectures are drawn by lot: random search, which
has to be beaten.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from thoughtstream.evolving.architecture import DIMENSIONS
from thoughtstream.inference.evolution import (
    Crossover,
    Floats,
    Islands,
    Mutation,
    Niches,
    Prior,
    Proposer,
)

RULES = 1
"""Another number after any change here, so that no run goes on by other rules than it began."""

ISLANDS, EACH = 2, 8
GENERATION = ISLANDS * EACH
"""So many are bred at once, and so many drawn."""

_MIGRATION = 4
"""Generations between two migrations."""

_NICHES = Niches((6, 6), (0.0, 0.6), (0.6, 1.0))
"""By ignition and stability of what makes a text salient (`inference/index.py`)."""

_BREEDERS: tuple[Proposer, ...] = (
    Mutation(0.1, pressure=3), Crossover(0.05, along=0.5, pressure=3), Prior(),
)  # fmt: skip


Inherited = tuple[tuple[float, float], ...]
"""Of each number, mean and deviation; none at all of a lineage that has found nothing yet."""


@dataclass(frozen=True)
class Outcome:
    """What came of an evaluation: how much was kept, 0 to 1, and the two descriptors."""

    kept: float
    descriptors: tuple[float, float]


class Breeding:
    """The islands of one run; each has the incumbent beside its first generation, that is drawn.

    `inherited`: mean and deviation of each number, from which those of the last island are drawn
    [DIMENSIONS, 2]; none: uniformly, as the others.
    """

    def __init__(
        self, seed: int, incumbent: Floats, outcome: Outcome, inherited: Inherited = ()
    ) -> None:
        self._seed = seed
        self._inherited = inherited
        self._incumbent = incumbent, outcome
        self._islands = Islands(_NICHES, DIMENSIONS, ISLANDS)
        self._bred: dict[str, Floats] = {}
        self.generation = 0

    def next(self) -> dict[str, Floats]:
        """The vectors of the next generation, by id; the same until `learn` is told of them."""
        by_lot, by_descent = (
            np.random.default_rng((self._seed, self.generation, which)) for which in (0, 1)
        )
        bred = self._islands.propose(_BREEDERS, EACH, by_descent).reshape(GENERATION, -1)
        if self._inherited and not self.generation:
            means, deviations = np.array(self._inherited).T
            heirs = by_descent.normal(means, deviations, (EACH, DIMENSIONS))
            bred[-EACH:] = np.clip(heirs, 0, 1)
        drawn = by_lot.uniform(size=(GENERATION, DIMENSIONS))
        first = self.generation * GENERATION
        self._bred = {f"evolved:{first + at}": one for at, one in enumerate(bred)}
        return self._bred | {f"random:{first + at}": one for at, one in enumerate(drawn)}

    def learn(self, outcomes: Mapping[str, Outcome]) -> None:
        """What came of `next`, by id."""
        found = [outcomes[id_] for id_ in self._bred]
        self._islands.add(
            np.array(list(self._bred.values())).reshape(ISLANDS, EACH, -1),
            np.array([one.kept for one in found]).reshape(ISLANDS, EACH),
            np.array([one.descriptors for one in found]).reshape(ISLANDS, EACH, -1),
        )
        if not self.generation:
            self._settle()
        self.generation += 1
        if self.generation % _MIGRATION == 0:
            self._islands.migrate()

    def _settle(self) -> None:
        """The incumbent comes to each island."""
        numbers, its = self._incumbent
        for archive in self._islands.archives:
            archive.add(numbers[None], np.array([its.kept]), np.array([its.descriptors]))
