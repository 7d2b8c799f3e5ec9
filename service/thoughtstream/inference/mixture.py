"""Several thoughtseeds, each with its own predictions, as one that is nearly as good as the best.

Each has a weight, which follows how probable it found what happened. A mixture never loses more
than ln K to the best of K, however long it goes on; who bets all on the leader may lose without
bound. With a share, a little of the weights goes to the others each time, so that the mixture also
follows when another becomes the best: with m such changes in T steps it loses at most
`ln K + m ln((K - 1) / share) - (T - 1 - m) ln(1 - share)` to the best sequence of seeds.

Losses are -ln of a density or probability, in nats. Source: Vovk 1990 (mixture); Herbster and
Warmuth 1998, theorem 1 and the fixed share of section 5.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from thoughtstream.inference.arrays import (
    Floats,
    distributions,
    log,
    log_sum,
    numbers,
    same_shape,
    share,
)

SHARE = 0.01
"""A change of the best seed is expected about once in a hundred steps."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """Weights of K seeds, as their logarithms (they add up to one), and what is shared, 0 to 1."""

    log_weights: Floats
    share: float = SHARE

    @classmethod
    def of(cls, seeds: int, shared: float = SHARE) -> "Mixture":
        """All alike.

        Raises:
            ValueError: there is no seed, or the share is none.
        """
        if seeds < 1:
            raise ValueError(f"seeds: is {seeds}; give at least one")
        return cls(np.full(seeds, -np.log(seeds)), share("share", shared))

    @classmethod
    def weighted(cls, weights: Any, shared: float = SHARE) -> "Mixture":
        """By its weights, (K,), adding up to one.

        Raises:
            ValueError: they are no distribution, or the share is none.
        """
        return cls(log(distributions("weights", weights)), share("share", shared))

    @property
    def weights(self) -> Floats:
        """(K,), adding up to one."""
        found: Floats = np.exp(self.log_weights)
        return found

    def loss(self, losses: Any) -> float:
        """What the mixture lost, when the seeds lost these, (K,).

        Raises:
            ValueError: there is not one finite loss a seed.
        """
        return -float(log_sum(self.log_weights - self._checked(losses)))

    def after(self, losses: Any) -> "Mixture":
        """The mixture when the seeds lost these, (K,).

        Raises: as `loss`.
        """
        logs = self.log_weights - self._checked(losses)
        return Mixture(_shared(logs - log_sum(logs), self.share), self.share)

    def predicted(self, means: Any, variances: Any) -> tuple[float, float]:
        """Mean and variance of what it predicts, where the seeds predict these, (K,) each.

        Raises:
            ValueError: there is not one finite number a seed.
        """
        shape = self.log_weights.shape
        each = same_shape("means", numbers("means", means), shape)
        spread = same_shape("variances", numbers("variances", variances), shape)
        mean = float(self.weights @ each)
        return mean, float(self.weights @ (spread + (each - mean) ** 2))

    def _checked(self, losses: Any) -> Floats:
        return same_shape("losses", numbers("losses", losses), self.log_weights.shape)


def _shared(logs: Floats, given: float) -> Floats:
    """Each gives its share away, to all others alike."""
    others = len(logs) - 1
    if not given or not others:
        return logs
    weights = np.exp(logs)
    mixed = (1 - given) * weights + given / others * (1 - weights)
    found: Floats = np.log(mixed / mixed.sum())
    return found


def bound(seeds: int, steps: int, changes: int, shared: float) -> float:
    """The most that a mixture loses, in nats, to the best sequence of seeds with so many changes.

    Raises:
        ValueError: the share is none, or the changes are more than the steps allow.
    """
    if not 0 <= changes < steps:
        raise ValueError(f"changes: is {changes}; give 0 to {steps - 1}")
    given = share("share", shared)
    with np.errstate(divide="ignore"):
        each = np.log((seeds - 1) / given) if changes else 0.0
        rest = (steps - 1 - changes) * np.log1p(-given) if given else 0.0
    return float(np.log(seeds) + changes * each - rest)
