"""The one queue of the house: tasks, inboxes, packets and evaluations are entries of it.

A task is claimed by priority, then age, under a lease with a fence. When a lease runs out, the task
goes back and the attempt is counted; after the last attempt it is dead, and can be replayed. So a
task is executed at least once and its completion is accepted exactly once; what it does elsewhere
may happen twice. Every task is counted, and `audit` checks the books at any moment.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

from thoughtstream import keys
from thoughtstream.config import Durability, QueueConfig
from thoughtstream.coordination.models import (
    MOST_AT_ONCE,
    NewTask,
    QueueAudit,
    Report,
    Round,
    TaskState,
)
from thoughtstream.errors import InvalidTask, NotDurable, QueueClosed, QueueFull
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors
from thoughtstream.store.durability import check, is_reached
from thoughtstream.store.functions import Call, Library
from thoughtstream.tracing.traces import NOTHING, Traces

_LISTENER = re.compile(r"[\w.:@-]{1,200}")

_PARTS = ("queue", "keep", "submit", "round", "control")
LIBRARY = Library(*(Path(__file__).parent / "lua" / "queue" / f"{part}.lua" for part in _PARTS))


class Queue:
    """One queue. Beside the errors that are named: RedisUnavailable, and MemoryFull of `submit`.

    `gate`: a key in the queue's slot without which nothing is submitted. `note`: is told the name
    before something is submitted. `traces`: is told of what is submitted.
    """

    def __init__(
        self,
        redis: Client,
        name: str,
        config: QueueConfig | None = None,
        *,
        gate: str | None = None,
        note: Callable[[str], Awaitable[None]] | None = None,
        traces: Traces = NOTHING,
    ) -> None:
        try:
            self._keys = tuple(family.key(queue=name) for family in keys.QUEUE)
        except ValueError as error:
            raise InvalidTask(str(error)) from None
        self._submit_keys = (*self._keys, gate) if gate else self._keys
        self.name = name
        self.config = config or QueueConfig()
        self._redis = redis
        self._note = note
        self._traces = traces
        self._limits = (
            self.config.result_ttl_s * 1000, self.config.results_bytes,
            self.config.dead_entries, self.config.dead_bytes,
        )  # fmt: skip

    async def submit(self, *tasks: NewTask, durability: Durability = "memory") -> list[str]:
        """Submit all of these tasks or none, up to 1,000 at once; returns their ids in order.

        Raises:
            QueueFull: it has no room for all of them; none was submitted.
            QueueClosed: its gate is not there; none was submitted.
            InvalidTask: a payload is too large, or there are too many.
            ConfigError: the server can't promise this durability; none was submitted.
            NotDurable: they are submitted, but the promise was not kept in time.
        """
        if not tasks:
            return []
        if self._note is not None:
            await self._note(self.name)
        with self._traces.submit(self.name, len(tasks)) as sent:
            call = self.submission(tasks, sent.contexts)
            ids = await self._submit_durably(call, len(tasks), durability)
            sent.named(ids)
            return ids

    async def _submit_durably(self, call: Call, tasks: int, durability: Durability) -> list[str]:
        if durability == "memory":
            return await self._submit(self._redis, call, tasks)
        await check(self._redis, durability, self._keys[0])
        async with self._redis.pinned() as redis:
            ids = await self._submit(redis, call, tasks)

            async def confirm() -> None:
                for id_ in ids:
                    if not await self._call("confirm", id_, redis=redis):
                        lost = f"{id_}: was lost with the server that took it; submit it again"
                        raise NotDurable(lost, id_)

            timeout_ms = self.config.durability_timeout_ms
            if not await is_reached(redis, durability, timeout_ms, confirm):
                late = f"{ids[0]}: is submitted, but not on {durability} in {timeout_ms} ms"
                raise NotDurable(late, ids[0])
        return ids

    def _check(self, tasks: Sequence[NewTask]) -> None:
        if len(tasks) > MOST_AT_ONCE:
            raise InvalidTask(f"tasks: are {len(tasks)}; submit at most {MOST_AT_ONCE} at once")
        most = self.config.payload_bytes
        for task in tasks:
            size = len(task.payload.encode(errors="surrogateescape"))
            if size > most:
                raise InvalidTask(
                    f"payload: has {size:,} bytes; the most is {most:,} (queue.payload_bytes): "
                    "keep what is large elsewhere, and submit where it is"
                )

    async def _submit(self, redis: Any, call: Call, tasks: int) -> list[str]:
        with typed_errors():
            answer = await LIBRARY.call(redis, *call)
        return self.submitted(answer, tasks)

    def submission(self, tasks: Sequence[NewTask], contexts: Sequence[str] = ()) -> Call:
        """The submission of these tasks as a call, to be made along with those of other queues.

        `contexts`: of their traces, to travel with them.

        Raises:
            InvalidTask: a payload is too large, or there are too many.
        """
        self._check(tasks)
        each = zip(tasks, contexts or repeat(""), strict=False)
        flat = [argument for task, context in each for argument in task.arguments(context)]
        config = self.config
        return "queue_submit_1", self._submit_keys, [config.entries, config.bytes, *flat]

    def submitted(self, answer: Sequence[Any], tasks: int) -> list[str]:
        """The ids, of what a submission answered.

        Raises:
            QueueFull, QueueClosed: none was submitted.
        """
        said, *rest = answer
        if said == "closed":
            raise QueueClosed(f"{self.name}: takes nothing: nobody is there for it (any more)")
        if said == "full":
            raise QueueFull(
                f"{self.name}: has {rest[0]:,} tasks and {rest[1]:,} bytes, and no room for "
                f"{tasks:,} more (queue.entries, queue.bytes); start more workers, or wait"
            )
        return [str(id_) for id_ in rest]

    async def round(
        self,
        worker: str,
        reports: Sequence[Report] = (),
        *,
        claim: int = 0,
        lease_ms: int | None = None,
        idle_ms: int = 0,
    ) -> Round:
        """All that a worker has to say and to ask, in one step: what it reports, and how many tasks
        it claims. Also with a Redis that is full.

        `idle_ms`: for so long the worker will `listen` if there are fewer than it claims; a task
        that is submitted meanwhile is handed to it there.
        """
        flat = [argument for report in reports for argument in report.arguments()]
        lease = lease_ms or self.config.lease_s * 1000
        said = _listener(worker), lease, min(claim, MOST_AT_ONCE), idle_ms, *self._limits, *flat
        return Round.parse(await self._call("round", *said))

    async def cancel(self, id: str) -> bool:
        """End a task that has not ended; whoever works on it is told when he next says something.
        False: there is no such task, or it has ended.
        """
        return bool(await self._call("cancel", id))

    async def replay(self, id: str | None = None, *, most: int = MOST_AT_ONCE) -> int:
        """Have dead tasks wait again, with all their attempts: this one, else the oldest.

        Returns how many.
        """
        return int(await self._call("replay", most, *([] if id is None else [id])))

    async def answer(self, id: str, text: str) -> bool:
        """Answer a task's question; False: it has not asked (any more)."""
        return bool(await self._call("answer", id, text))

    async def audit(self) -> QueueAudit:
        """The books, in one atomic look."""
        return QueueAudit.parse(await self._call("audit", read_only=True))

    async def look(self, id: str) -> TaskState | None:
        """Where a task is; None: it is not known (any more)."""
        return TaskState.parse(id, await self._call("look", id, read_only=True))

    async def look_and_wait(self, id: str, listener: str) -> TaskState | None:
        """As `look`; while it goes on, its end will ring the listener's bell."""
        return TaskState.parse(id, await self._call("await", id, _listener(listener)))

    async def listen(self, listener: str, most_s: float) -> str | None:
        """What comes next on a listener's bell; None: nothing in this time."""
        bell = keys.BELL.key(queue=self.name, listener=_listener(listener))
        with typed_errors():
            return await self._redis.pop(bell, most_s)

    async def ring(self, listener: str) -> None:
        """Ring a bell without a word, behind all that is on it."""
        bell = keys.BELL.key(queue=self.name, listener=_listener(listener))
        ask: Any = self._redis.execute_command
        with typed_errors():
            await ask("RPUSH", bell, "")

    async def _call(
        self, function: str, *args: Any, redis: Any = None, read_only: bool = False
    ) -> Any:
        where = redis or self._redis
        with typed_errors():
            return await LIBRARY.call(
                where, f"queue_{function}_1", self._keys, args, read_only=read_only
            )


def _listener(name: str) -> str:
    if not _LISTENER.fullmatch(name):
        raise InvalidTask(f"name: is {name!r}; give up to 200 letters, digits and any of . _ : @ -")
    return name
