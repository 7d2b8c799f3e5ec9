"""The minds there are, and which of them this service serves, each on its server."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from thoughtstream import keys
from thoughtstream.attention.attention import Attention
from thoughtstream.attention.loop import AttentionLoop
from thoughtstream.attention.models import CycleReport
from thoughtstream.attention.rhythm import Rhythm
from thoughtstream.attention.serving import Loops, Serving
from thoughtstream.attention.traced import tell
from thoughtstream.config import Settings
from thoughtstream.coordination.membership import Membership
from thoughtstream.faults import Faults
from thoughtstream.measuring import service as metrics
from thoughtstream.measuring.measures import NOTHING, Measures
from thoughtstream.memory.embedding import Embedding
from thoughtstream.sleep_schedule import SleepSchedule
from thoughtstream.stirred import Stirred
from thoughtstream.store.census import PAGE, Census
from thoughtstream.store.client import Client
from thoughtstream.store.wakeups import Wakeups
from thoughtstream.tracing.choosing import traces
from thoughtstream.triggers import Triggers

LATELY_S = 2.0
_STEP = 500
"""Minds that are shared out in one go: a few ms."""


class Minds:
    """A mind is served while its server is; when it moves to another, so does who serves it. What
    is known of a mind that others serve is its name and its windows.
    """

    def __init__(
        self,
        redis: Client,
        settings: Settings,
        membership: Membership,
        measures: Measures = NOTHING,
    ) -> None:
        self._redis = redis
        self._traces = traces(settings.traces)
        self._measures = measures
        self._membership = membership
        self.faults = Faults()
        self.triggers = Triggers(redis, settings, self.faults, measures)
        self.embedding = Embedding(redis, settings, self.faults)
        self.sleep_schedule = SleepSchedule(redis, settings, self.faults, measures)
        self.rhythm = Rhythm(measures)
        self._target_ms = settings.streams.cycle_target_ms
        self._attention = Attention(redis, settings.streams)
        self._windows: dict[str, tuple[str, ...]] = {}
        self._loops: Loops = {}
        self._served: dict[str, str] = {}
        self._servers: dict[str, Serving] = {}
        self._unshared: deque[str] = deque()
        self._is_unshared = set[str]()
        self._moved = asyncio.Event()
        self._last_cycle = float("-inf")
        self._census = Census(redis)
        self._stirred = Stirred()
        measures.watch(metrics.MINDS_SERVED, lambda: len(self._served))
        measures.watch(metrics.CYCLES_RUNNING, lambda: len(self._loops))

    @contextmanager
    def on(self, server: str, group: asyncio.TaskGroup, wakeups: Wakeups | None) -> Iterator[None]:
        """A server is there: its minds are served in this task group."""
        serving = Serving(self._redis, group, wakeups, self._windows, self._loops, self._new_loop)
        self._servers[server] = serving
        looking = group.create_task(serving.run())
        self.share()
        try:
            yield
        finally:
            looking.cancel()
            serving.close()
            del self._servers[server]
            self._served = {mind: its for mind, its in self._served.items() if its != server}

    def known(self, mind: str, window: str) -> None:
        """A window exists."""
        is_new = self._add(mind, window)
        server = self._servers.get(self._served.get(mind, "-"))
        if server is None:
            if is_new:
                self._attend(mind)
        elif is_new or server.polls:
            if server.polls:
                self._measures.count(metrics.WAKEUPS, "polled")
            server.look_at(mind)

    def written(self, mind: str, window: str) -> None:
        """A window was written to."""
        self._measures.count(metrics.WAKEUPS, "notified")
        self.known(mind, window)
        server = self._servers.get(self._served.get(mind, "-"))
        if server is not None:
            server.wake(mind)

    def deleted(self, mind: str) -> None:
        """It was deleted: its loop finds nothing and ends. It stays known and watched, since
        whoever writes to it makes it anew.
        """
        if mind in self._windows:
            self._windows[mind] = keys.STANDARD_WINDOWS
        self.faults.forget(mind)
        self.triggers.deleted(mind)

    def share(self) -> None:
        """Services or servers came or went, or minds moved: take up those that are ours here now,
        leave the others. A few at once, the rest by and by (`run`).
        """
        for mind in self._windows:
            if mind not in self._is_unshared:
                self._unshared.append(mind)
                self._is_unshared.add(mind)
        self._share_some()

    async def run(self) -> None:
        """Share what is left to share, until cancelled."""
        while True:
            await self._moved.wait()
            self._share_some()
            await asyncio.sleep(0)

    @property
    def served(self) -> tuple[str, ...]:
        """The minds that this service serves."""
        return tuple(self._served)

    async def note(self) -> None:
        """Have the census know the minds that do something, until cancelled."""
        while True:
            async with self._stirred.some(PAGE) as minds:
                await self._census.note(minds)

    def disrupted(self, kind: str) -> None:
        """Something of the service has to begin again, since Redis was `lost`, is `full`, or for
        other `trouble`.
        """
        self._measures.count(metrics.DISRUPTIONS, kind)

    def attended_lately(self) -> bool:
        """Whether a cycle has run in the last seconds."""
        return asyncio.get_running_loop().time() - self._last_cycle < LATELY_S

    def _share_some(self) -> None:
        for _ in range(min(_STEP, len(self._unshared))):
            mind = self._unshared.popleft()
            self._is_unshared.discard(mind)
            self._attend(mind)
        if self._unshared:
            self._moved.set()
        else:
            self._moved.clear()

    def _add(self, mind: str, window: str) -> bool:
        """Whether it was not known yet."""
        known = self._windows.get(mind)
        if known is not None and window in known:
            return False
        own = known or keys.STANDARD_WINDOWS
        self._windows[mind] = own if window in own else (*own, window)
        return True

    def _attend(self, mind: str) -> None:
        server = self._redis.server_of(keys.LEDGER.key(mind=mind))
        ours = server in self._servers and self._membership.serves(mind)
        there = self._served.get(mind)
        if there is not None and (not ours or there != server):
            del self._served[mind]
            self._servers[there].leave(mind)
            self.faults.forget(mind)
        if ours and mind not in self._served:
            self._served[mind] = server
            self._servers[server].look_at(mind)
            self.embedding.due(mind)

    def _new_loop(self, mind: str) -> AttentionLoop:
        self._stirred.add(mind)
        return AttentionLoop(
            self._attention,
            mind,
            target_ms=self._target_ms,
            rhythm=self.rhythm,
            on_cycle=self._cycled,
            faults=self.faults,
        )

    def _cycled(self, mind: str, report: CycleReport, took_s: float) -> None:
        tell(self._traces, mind, report, took_s)
        if report.attended is not None:
            self.triggers.attended(mind, report.attended)
        if report.anchored_ids:
            self.embedding.due(mind)
        self._stirred.add(mind)
        self._last_cycle = asyncio.get_running_loop().time()
