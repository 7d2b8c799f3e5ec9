"""Flow: how a stream of thoughts moves, as a river does: what it brings, and what stays of it.

Of each moment: *novelty*, how much it surprises whoever knows those before; *transience*, the same
of those after; *resonance*, novelty less transience: what was new and was taken up. Source: Barron,
Huang, Spang & DeDeo, Individuals, institutions, and innovation in the debates of the French
Revolution (PNAS 2018). And *compression*: by how much fewer states than there are would do
(Shannon, 1948). `flow_labels.toml` names what that looks like.
"""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_LABELS = Path(__file__).parent / "flow_labels.toml"


@dataclass(frozen=True)
class Flow:
    """Of T moments. `novelty`, `transience` (0 or more) and `resonance`: in nats [T]; what has no
    moment before it has no novelty (0), what has none after it no transience. `compression`: 0 to
    1, [T], over the window that ends there.
    """

    novelty: Floats
    transience: Floats
    resonance: Floats
    compression: Floats

    def label(self, moment: int = -1) -> str:
        """What it looks like at a moment: the first row of the table that holds."""
        return label(
            float(self.novelty[moment]),
            float(self.compression[moment]),
            float(self.resonance[moment]),
        )


def flow(beliefs: Floats, window: int) -> Flow:
    """How beliefs over S states move in T moments.

    Args:
        beliefs: [T, S], each a distribution without zeros (add a pseudocount to counts).
        window: so many moments before, and after, are looked at; 1 or more.
    """
    moments, states = beliefs.shape
    logs = np.log(beliefs)
    entropy = (beliefs * logs).sum(axis=1)
    divergence = entropy[:, None] - beliefs @ logs.T  # [T, T] of each from each
    at = np.arange(moments)
    before = (at[:, None] > at) & (at[:, None] - at <= window)
    novelty, transience = _mean_where(divergence, before), _mean_where(divergence, before.T)
    novelty, transience = np.maximum(novelty, 0), np.maximum(transience, 0)
    both = novelty - transience
    has_both = before.any(axis=1) & before.any(axis=0)
    sums = np.vstack([np.zeros(states), beliefs.cumsum(axis=0)])
    first = np.maximum(at + 1 - window, 0)
    means = (sums[at + 1] - sums[first]) / (at + 1 - first)[:, None]
    spread = -(means * np.log(means)).sum(axis=1) / np.log(states) if states > 1 else at * 0.0
    return Flow(novelty, transience, np.where(has_both, both, 0), np.clip(1 - spread, 0, 1))


def label(novelty: float, compression: float, resonance: float) -> str:
    """The first row of the table whose bounds all hold; its last row has none."""
    said = {"novelty": novelty, "compression": compression, "resonance": resonance}
    for row in _table():
        bounds = {name: row[name] for name in said if name in row}
        if all(low <= said[name] < high for name, (low, high) in bounds.items()):
            return str(row["label"])
    raise ValueError(f"{_LABELS.name}: its last row should hold always, and has bounds")


@lru_cache(maxsize=1)
def _table() -> list[dict[str, tuple[float, float]]]:
    rows: list[dict[str, tuple[float, float]]] = tomllib.loads(_LABELS.read_text())["row"]
    return rows


def _mean_where(values: Floats, chosen: npt.NDArray[np.bool_]) -> Floats:
    """Of each row, the mean of what is chosen in it; 0 where nothing is."""
    counts = chosen.sum(axis=1)
    sums = np.where(chosen, values, 0).sum(axis=1)
    return np.asarray(sums / np.maximum(counts, 1), np.float64)
