"""Basins: concepts that thoughts fall into, and recall of a pattern from a part of it.

A text falls into the basin of the first text that says the same (leader clustering: Hartigan,
Clustering Algorithms, 1975), by the one likeness of the house (`language/similarity.py`): the same
gist, and the same numbers. So a negation, another name or another number never is the same basin.
What says the same in words that likeness does not know as such is a basin of its own; it takes
nothing from the other.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from thoughtstream.language.similarity import common, gist, statement

Floats = npt.NDArray[np.float64]

_DEEPENING = 0.2
"""The part of what is left to 1 by which each visit deepens a basin."""


@dataclass(frozen=True)
class Basin:
    """A concept. `concept`: the text that came first; `visits`: how many texts fell into it;
    `depth`: 0 to 1, how strongly it attracts, which no visit lessens.
    """

    concept: str
    visits: int = 0
    depth: float = 0.0


class Basins:
    """All basins of one space."""

    def __init__(self) -> None:
        self._all: list[Basin] = []
        self._by_gist: dict[tuple[str, ...], list[int]] = {}

    @property
    def all(self) -> tuple[Basin, ...]:
        """In the order in which they came to be."""
        return tuple(self._all)

    def visit(self, text: str, activation: float = 1.0) -> Basin | None:
        """The basin into which a text falls, deepened; None for a text in which nothing tells.

        `activation`: how strong the thought was, 0 to 1. O(basins with the same gist).
        """
        if not statement(text):
            return None
        at = self._place(text)
        was = self._all[at]
        depth = was.depth + (1 - was.depth) * _DEEPENING * min(max(activation, 0.0), 1.0)
        self._all[at] = replace(was, visits=was.visits + 1, depth=depth)
        return self._all[at]

    def _place(self, text: str) -> int:
        about = gist(text) or statement(text)
        near = self._by_gist.setdefault(about, [])
        for at in near:
            leader = self._all[at].concept
            if common([leader, text]) == leader:
                return at
        near.append(len(self._all))
        self._all.append(Basin(text))
        return near[-1]


def recalled(patterns: Floats, cue: Floats, sharpness: float = 32.0) -> Floats:
    """The pattern that a noisy cue is nearest to, by one step of a modern Hopfield network.

    softmax(sharpness · patterns · cue) · patterns. Source: Ramsauer et al., Hopfield networks is
    all you need (arXiv:2008.02217), equation 3.

    Args:
        patterns: [N, d], each of length 1. cue: [d].
        sharpness: the inverse temperature (no unit): the larger, the fewer patterns are blended.

    Returns [d]: a blend of patterns, as good as one of them where the cue is clear.
    """
    drawn = sharpness * (patterns @ cue)
    shares = np.exp(drawn - drawn.max())
    blend: Any = (shares / shares.sum()) @ patterns
    return np.asarray(blend, np.float64)
