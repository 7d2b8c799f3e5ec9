"""The thoughtseeds that listen to a text: one for each part of what makes it salient.

Each knows what it usually finds, and so how far a text is from that (its prediction error) and how
surprising that is.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from thoughtstream.config import SalienceConfig
from thoughtstream.inference.index import Floats
from thoughtstream.senses import salience
from thoughtstream.senses.hearing import Hearing
from thoughtstream.senses.salience import Expectation, Told

SEEDS = Told._fields
_LEAST = 0.01
"""The smallest deviation that means anything to a seed."""


class Claim(NamedTuple):
    """What a seed says of a text, all 0 to 1: how strongly it wants to be heard, by how much that
    is another than it expected, and how surprising.
    """

    activation: float
    prediction_error: float
    surprise: float


@dataclass
class Seeds:
    """All of them, listening to one source."""

    config: SalienceConfig

    def __post_init__(self) -> None:
        self._hearing = Hearing(self.config.asked)
        self._worth = np.array(salience.weights(self.config))
        self._most = max(float(self._worth.max()), 1e-9)
        self._expected = [Expectation() for _ in SEEDS]

    def hear(self, text: str) -> list[Claim]:
        """What each claims of the next text."""
        told: Floats = np.array(self._hearing.hear(text)) * self._worth / self._most
        claims = []
        for at, activation in enumerate(told.tolist()):
            expected = self._expected[at]
            error = abs(activation - expected.mean) if expected.seen else 0.0
            surprise = salience.of_reading(expected, activation, least=_LEAST)
            self._expected[at] = expected.after(activation)
            claims.append(Claim(activation, error, surprise))
        return claims
