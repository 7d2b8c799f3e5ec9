"""What is evolved: the settings that decide how salient a text is.

Only settings that an evaluation can see are among them. On recorded texts, `streams.half_life_ms`
and `connection_weight` are not: all is said at once there, and connects to nothing; nor is
`streams.forget_threshold`, as attention takes the strongest first.
"""

from dataclasses import dataclass

import numpy as np

from thoughtstream.config import SalienceConfig
from thoughtstream.inference.evolution import Floats
from thoughtstream.senses.salience import Told

PARTS = Told._fields
DIMENSIONS = len(PARTS) + 1
"""The parts of what a text tells, and what a word counts in a question."""

_WORTH = sum(getattr(SalienceConfig(), part) for part in PARTS)
"""What all parts are worth together. Only their ratios are evolved: so texts stay as salient,
beside what else a mind hears, as they were."""


@dataclass(frozen=True)
class Architecture:
    """A configuration of a mind."""

    salience: SalienceConfig

    @classmethod
    def of(cls, numbers: Floats) -> "Architecture":
        """From a vector [DIMENSIONS] of numbers from 0 to 1."""
        worth = numbers[:-1] / max(float(numbers[:-1].sum()), 1e-9) * _WORTH
        parts = dict(zip(PARTS, np.round(worth, 3).tolist(), strict=True))
        return cls(SalienceConfig(**parts, asked=round(float(numbers[-1]), 3)))

    @property
    def numbers(self) -> Floats:
        """The vector [DIMENSIONS] of one with its ratios."""
        parts = np.array([getattr(self.salience, part) for part in PARTS])
        return np.append(parts / max(float(parts.max()), 1e-9), self.salience.asked)
