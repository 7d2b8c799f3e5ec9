"""The consciousness level is a proxy: an index of how far seeds act as one, from measured parts.

It is no measure of experience. Each part is from 0 to 1, and doesn't depend on the order in which
seeds are named: agreement (do they believe the same?), ignition (does one clearly win?), reach (who
received what won?) and stability (does the winner stay?).

Sources: the global workspace (Dehaene & Changeux, Experimental and theoretical approaches to
conscious processing, Neuron 2011) for ignition and reach; Lin, Divergence measures based on the
Shannon entropy (IEEE Transactions on Information Theory, 1991) for agreement.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Parts(NamedTuple):
    """What the level is made of, each 0 to 1."""

    agreement: float
    ignition: float
    reach: float
    stability: float

    @property
    def level(self) -> float:
        """Their geometric mean: where one is missing there is none. 0 to 1."""
        return float(np.prod(self) ** (1 / len(self)))


def shares(amounts: Floats) -> Floats:
    """Each row [K, S] of amounts (0 or more) as a distribution; one of nothing is uniform."""
    totals = amounts.sum(axis=1, keepdims=True)
    uniform = np.full_like(amounts, 1 / amounts.shape[1])
    return np.where(totals > 0, amounts / np.where(totals > 0, totals, 1), uniform)


def agreement(beliefs: Floats) -> float:
    """How alike K beliefs over S states are [K, S], each a distribution.

    1 less their Jensen-Shannon divergence, as a part of the most that it can be: 0 to 1. 1: all are
    the same; also of one belief.
    """
    most = np.log(min(beliefs.shape))
    if most == 0:
        return 1.0
    mixture = beliefs.mean(axis=0)
    divergence = _entropy(mixture) - np.mean([_entropy(one) for one in beliefs])
    return float(np.clip(1 - divergence / most, 0, 1))


def ignition(activations: Floats) -> float:
    """The winner's lead over the next, as a part of its own activation, the mean over T moments
    [T, K], each activation 0 or more. 0: two or more are equally strong, always.
    """
    if activations.shape[1] == 1:
        return 1.0
    ordered = np.sort(activations, axis=1)
    best, second = ordered[:, -1], ordered[:, -2]
    lead = np.divide(best - second, best, out=np.zeros_like(best), where=best > 0)
    return float(lead.mean())


def reach(received: int, there: int) -> float:
    """The part of all who are there that received what won."""
    return received / there if there else 0.0


def stability(winners: npt.NDArray[np.intp]) -> float:
    """Of T moments [T], the part at which the winner of the moment before won again; 1: always,
    also if there was but one moment.
    """
    return float((winners[1:] == winners[:-1]).mean()) if len(winners) > 1 else 1.0


def _entropy(belief: Floats) -> float:
    """In nats."""
    known = belief[belief > 0]
    return float(-(known * np.log(known)).sum())
