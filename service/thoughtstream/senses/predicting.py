"""An agent that expects what this host's gauges read, and learns from what they do. Needs the extra
`colony`.
"""

import math
from collections.abc import Iterable

import structlog

from thoughtstream.errors import ThoughtstreamError
from thoughtstream.learning.lineage import Lineage
from thoughtstream.senses.host import Reading

LINEAGE = "hosts"
"""The agents that learn what hosts do."""

RANGES = {"%": (0.0, 100.0), "per core": (0.0, 2.0), "B/s": (0.0, 9.0)}
"""What a reading may be expected to be, by its unit; of rates, the logarithm (base ten)."""

log = structlog.get_logger()


def quantity_of(reading: Reading) -> str:
    """What the agent learns of it."""
    return f"log {reading.what}" if reading.unit == "B/s" else reading.what


def value_of(reading: Reading) -> float:
    """As the agent observes it: rates vary by orders of magnitude, so of them the logarithm."""
    return math.log10(1 + reading.value) if reading.unit == "B/s" else reading.value


class Predictor:
    """What one agent learns of a host's gauges. What it expects before it has observed anything is
    the middle of a reading's range, half of it either way.
    """

    def __init__(self, lineage: Lineage, agent: str) -> None:
        self._lineage = lineage
        self._agent = agent
        self._known: set[str] = set()

    async def learn(self, readings: Iterable[Reading]) -> None:
        """Observe these. What can't be, as Redis is away, is no news later: it is left out."""
        try:
            all_ = [*readings]
            await self.begin(all_)
            for reading in all_:
                await self._lineage.observe(self._agent, quantity_of(reading), value_of(reading))
        except ThoughtstreamError as error:
            log.warning("sense.not_learned", agent=self._agent, why=str(error))

    async def begin(self, readings: Iterable[Reading]) -> None:
        """Give their quantities basal priors. One that somebody else gave stays."""
        ranges = {quantity_of(reading): RANGES[reading.unit] for reading in readings}
        if ranges.keys() <= self._known:
            return
        self._known |= (await self._lineage.quantities()).keys()
        for name in ranges.keys() - self._known:
            least, most = ranges[name]
            await self._lineage.found(name, (least + most) / 2, (most - least) / 2)
        self._known |= ranges.keys()
