"""Which queues there are.

A set of names, and a projection: in a cluster it is on another server than most queues, so no
Function can write both. Whoever submits notes the name first, once; so a name may be there of a
queue in which nothing is yet, and what is missing is found by `rebuild`.
"""

import asyncio
from typing import Any

from thoughtstream import keys
from thoughtstream.config import QueueConfig
from thoughtstream.coordination.agents import is_inbox
from thoughtstream.coordination.models import QueueAudit
from thoughtstream.coordination.queue import Queue
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors
from thoughtstream.tracing.traces import NOTHING, Traces

_MOST_NOTED = 10_000
_AT_ONCE = 50

_LEDGER = next(family for family in keys.QUEUE if family.name == "ledger")


class Queues:
    """All queues. Errors: RedisUnavailable, and MemoryFull of `note` and `rebuild`."""

    def __init__(self, redis: Client, config: QueueConfig, traces: Traces = NOTHING) -> None:
        self._traces = traces
        self._redis = redis
        self._config = config
        self._noted: set[str] = set()

    def queue(self, name: str) -> Queue:
        """One of them; it is among them as soon as something is submitted.

        Raises:
            InvalidTask: the name is empty or too long.
        """
        return Queue(self._redis, name, self._config, note=self.note, traces=self._traces)

    async def note(self, name: str) -> None:
        """There is this queue; costs a round trip the first time."""
        if name in self._noted:
            return
        await self._add(name)
        if len(self._noted) >= _MOST_NOTED:
            self._noted.clear()
        self._noted.add(name)

    async def audits(self) -> dict[str, QueueAudit]:
        """The books of each queue into which something was submitted, by name."""
        with typed_errors():
            found: Any = await self._redis.smembers(keys.QUEUES.key())
        books: dict[str, QueueAudit] = {}
        names = sorted(found)
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            audits = await asyncio.gather(*(self.queue(name).audit() for name in some))
            books |= {n: audit for n, audit in zip(some, audits, strict=True) if audit.submitted}
        return books

    async def rebuild(self) -> int:
        """Find all queues by their keys, but for the inboxes of agents; returns how many. SCANs."""
        with typed_errors():
            found = await self._redis.find(_LEDGER.glob)
        names = [name for name in map(keys.queue_of, found) if not is_inbox(name)]
        if names:
            await self._add(*names)
        return len(names)

    async def _add(self, *names: str) -> None:
        add: Any = self._redis.sadd
        with typed_errors():
            await add(keys.QUEUES.key(), *names)
