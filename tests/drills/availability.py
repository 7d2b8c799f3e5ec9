"""Is coordination there? Asked every 50 ms, while things are killed."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from redis.exceptions import RedisError

from tests.drills.findings import Finding
from thoughtstream.colony import Colony
from thoughtstream.config import Settings
from thoughtstream.errors import ThoughtstreamError

EVERY_S = 0.05
DEADLINE_S = 1.0
"""A probe that has no answer by then is not answered."""

_AGENTS = 16
"""Names of agents, which are on all shards of a cluster."""


@dataclass(frozen=True)
class Availability:
    """Probes, and the outages (s): from the first of some that were not answered to the next that
    was.
    """

    probes: int = 0
    answered: int = 0
    outages_s: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Answered of all."""
        return self.answered / self.probes if self.probes else 0.0

    @property
    def median_s(self) -> float:
        """The outage in the middle."""
        return sorted(self.outages_s)[len(self.outages_s) // 2] if self.outages_s else 0.0

    @property
    def finding(self) -> Finding:
        """For the table of a drill; whatever it is, it is no fault."""
        found = f"{self.answered:,} of {self.probes:,} ({self.share:.2%})"
        if self.outages_s:
            found += (
                f"; {len(self.outages_s)} outages, median {self.median_s:.1f} s, "
                f"longest {max(self.outages_s):.1f} s"
            )
        return Finding("probes answered", "any", found, True)


def of(probes: list[tuple[float, bool]], end: float) -> Availability:
    """From when each probe was made (s), and whether it was answered; `end`: when it was over."""
    outages, since = [], None
    for at, good in sorted(probes):
        if good and since is not None:
            outages.append(at - since)
            since = None
        elif not good and since is None:
            since = at
    if since is not None:
        outages.append(end - since)
    return Availability(len(probes), sum(good for _, good in probes), outages)


class Prober:
    """Registers an agent, again and again: a write that everybody can read."""

    def __init__(self, settings: Settings) -> None:
        self.found = Availability()
        self._settings = settings

    @contextmanager
    def probing(self) -> Iterator[None]:
        """Ask until the end of the block; then `found` is known."""
        begun, over = threading.Event(), threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._probe(begun, over)))
        thread.start()
        begun.wait()
        try:
            yield
        finally:
            over.set()
            thread.join()

    async def _probe(self, begun: threading.Event, over: threading.Event) -> None:
        probes: list[tuple[float, bool]] = []
        async with Colony.connect(settings=self._settings) as colony:
            begun.set()
            asking = set[asyncio.Task[None]]()
            while not over.is_set():
                asking.add(asyncio.create_task(self._ask(colony, len(asking), probes)))
                await asyncio.sleep(EVERY_S)
            await asyncio.wait(asking)
        self.found = of(probes, time.monotonic())

    async def _ask(self, colony: Colony, number: int, probes: list[tuple[float, bool]]) -> None:
        at = time.monotonic()
        try:
            async with asyncio.timeout(DEADLINE_S):
                await colony.register(f"prober-{number % _AGENTS}")
        except (ThoughtstreamError, RedisError, TimeoutError, OSError):
            probes.append((at, False))
        else:
            probes.append((at, True))
