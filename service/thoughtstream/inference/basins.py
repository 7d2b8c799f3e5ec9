"""Basins: concepts that thoughts fall into, and recall of a pattern from a part of it.

A text falls into the basin of the first text that says the same (leader clustering: Hartigan,
Clustering Algorithms, 1975), by the one likeness of the house (`language/similarity.py`): the same
gist and the same numbers. So a negation, another name or another number never is the same basin.
What says the same in words that likeness does not know as such is a basin of its own; it takes
nothing from the other.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from thoughtstream.language.similarity import gist, statement

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
        self._by_concept: dict[str, Basin] = {}

    @property
    def all(self) -> tuple[Basin, ...]:
        """In the order in which they came to be."""
        return tuple(self._by_concept.values())

    def visit(self, text: str, activation: float = 1.0) -> Basin | None:
        """The basin into which a text falls, deepened; None for a text in which nothing tells.

        `activation`: how strong the thought was, 0 to 1.
        """
        about = concept(text)
        if not about:
            return None
        was = self._by_concept.get(about) or Basin(text)
        deeper = was.depth + (1 - was.depth) * (1 - math.exp(-pull(activation)))
        basin = replace(was, visits=was.visits + 1, depth=deeper)
        self._by_concept[about] = basin
        return basin


def concept(text: str) -> str:
    """What a text is about: the same for two texts that say the same, another for any two that
    differ in a word that tells. Empty for a text in which nothing tells.
    """
    said = statement(text)
    numbers = (token for token in said if any(character.isdigit() for character in token))
    return " ".join((*(gist(text) or said), "|", *numbers)) if said else ""


def pull(activation: float) -> float:
    """What a visit adds to a basin's pull, 0 or more. Pulls add up, in any order and from anywhere;
    a basin's depth is 1 less e to the minus its pull.

    `activation`: how strong the thought was, 0 to 1.
    """
    return -math.log1p(-_DEEPENING * min(max(activation, 0.0), 1.0))


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
