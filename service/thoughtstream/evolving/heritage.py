"""What runs of evolution of one lineage hand on: a prior on each number of an architecture.

Of each generation the best is observed (`learning/lineage.py`), so the lineage's level is what all
runs found together, wherever they ran; the next run begins half with what is drawn from it.
"""

import numpy as np

from thoughtstream.config import InferenceConfig
from thoughtstream.evolving.architecture import PARTS
from thoughtstream.evolving.breeding import Inherited
from thoughtstream.inference.evolution import Floats
from thoughtstream.learning.lineage import Lineage
from thoughtstream.store.client import Client

QUANTITIES = tuple(f"salience.{name}" for name in (*PARTS, "asked"))

_AGENT = "evolution"
_ANY = 0.5, 1 / np.sqrt(12)
"""Mean and deviation of a number that may be anything from 0 to 1."""


class Heritage:
    """Of one lineage. Errors: as those of `Lineage`."""

    def __init__(self, redis: Client, name: str, config: InferenceConfig) -> None:
        """Raises: InvalidBelief: the name is empty or too long."""
        self._lineage = Lineage(redis, name, config)

    async def inherited(self) -> Inherited:
        """What the lineage expects of a good architecture's numbers."""
        await self._begin()
        beliefs = [await self._lineage.believes(quantity) for quantity in QUANTITIES]
        if not all(belief.observations for belief in beliefs):
            return ()
        levels = [belief.levels["lineage"] for belief in beliefs]
        return tuple((level.mean, level.deviation) for level in levels)

    async def observe(self, numbers: Floats) -> None:
        """The best of a generation, as a vector of numbers from 0 to 1."""
        await self._begin()
        for quantity, number in zip(QUANTITIES, numbers.tolist(), strict=True):
            await self._lineage.observe(_AGENT, quantity, number)

    async def _begin(self) -> None:
        mean, deviation = _ANY
        for quantity in QUANTITIES:
            await self._lineage.found(quantity, mean, float(deviation), least=0, most=1)
