"""The minds there are, and the loops of those that this service serves, each on its server."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from thoughtstream import keys
from thoughtstream.attention.attention import Attention
from thoughtstream.attention.loop import AttentionLoop
from thoughtstream.attention.models import CycleReport
from thoughtstream.config import Settings
from thoughtstream.coordination.membership import Membership
from thoughtstream.memory.embedding import Embedding
from thoughtstream.memory.sleep_schedule import SleepSchedule
from thoughtstream.store.client import Client
from thoughtstream.store.wakeups import Wakeups
from thoughtstream.triggers import Triggers

LATELY_S = 2.0
_MOST_AT_ONCE = 16

Running = tuple[str, "asyncio.Task[None]"]
"""A loop: the server that it runs on, and its task."""


class Minds:
    """A mind's loop runs while its server is served; when the mind moves to another, so does it."""

    def __init__(self, redis: Client, settings: Settings, membership: Membership) -> None:
        self._redis = redis
        self._membership = membership
        self.triggers = Triggers(redis, settings)
        self.embedding = Embedding(redis, settings)
        self.sleep_schedule = SleepSchedule(redis, settings)
        self._target_ms = settings.streams.cycle_target_ms
        self._attention = Attention(redis, settings.streams)
        self._loops: dict[str, AttentionLoop] = {}
        self._running: dict[str, Running] = {}
        self._servers: dict[str, tuple[asyncio.TaskGroup, Wakeups | None]] = {}
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(_MOST_AT_ONCE)
        )
        self._last_cycle = float("-inf")

    @contextmanager
    def on(self, server: str, group: asyncio.TaskGroup, wakeups: Wakeups | None) -> Iterator[None]:
        """A server is there: the loops of its minds run in this task group."""
        self._servers[server] = group, wakeups
        self.share()
        try:
            yield
        finally:
            del self._servers[server]
            self.share()

    def found(self, mind: str, window: str) -> None:
        """A window exists, or was written to."""
        loop = self._loops.get(mind)
        if loop is None:
            loop = self._loops[mind] = AttentionLoop(
                self._attention, mind, target_ms=self._target_ms, on_cycle=self._cycled
            )
        loop.add(window)
        self._attend(mind)

    def share(self) -> None:
        """Services or servers came or went, or minds moved: take up those that are ours here now,
        leave the others.
        """
        for mind in self._loops:
            self._attend(mind)

    @property
    def served(self) -> tuple[str, ...]:
        """The minds that this service serves."""
        return tuple(self._running)

    def attended_lately(self) -> bool:
        """Whether a cycle has run in the last seconds."""
        return asyncio.get_running_loop().time() - self._last_cycle < LATELY_S

    def _attend(self, mind: str) -> None:
        server = self._redis.server_of(keys.LEDGER.key(mind=mind))
        ours = server in self._servers and self._membership.serves(mind)
        there, task = self._running.get(mind, (server, None))
        if task is not None and (not ours or there != server):
            del self._running[mind]
            task.cancel()
            task = None
        if ours and task is None:
            group, wakeups = self._servers[server]
            run = self._loops[mind].run(wakeups, self._turns[server])
            self.embedding.due(mind)
            try:
                self._running[mind] = server, group.create_task(run)
            except RuntimeError:  # its server was lost just now; once it is back, `on` shares anew
                run.close()

    def _cycled(self, mind: str, report: CycleReport) -> None:
        if report.attended is not None:
            self.triggers.attended(mind, report.attended)
        if report.anchored_ids:
            self.embedding.due(mind)
        self._last_cycle = asyncio.get_running_loop().time()
