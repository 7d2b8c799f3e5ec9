"""The typed wrapper around the consolidation library: one method per Function."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from thoughtstream import keys
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.memory.consolidation_plan import WINDOW, Distillation, Merge, Replay
from thoughtstream.store.calls import ERRORS
from thoughtstream.store.client import Client
from thoughtstream.store.functions import Library

LEASE_MS = 30_000
"""When a session's worker has not renewed its lease for this long, another may resume it."""

LIBRARY = Library(Path(__file__).parent / "lua" / "consolidation.lua")

_MEMORY = (keys.EPISODIC, keys.SEMANTIC, keys.PROCEDURAL, keys.MERGED)


class Asleep(ThoughtstreamError):
    """Another worker is consolidating this mind's memory."""


class Superseded(ThoughtstreamError):
    """This worker was so late that another took over; its move was refused."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a session has done so far, by memory."""

    replayed: dict[str, tuple[float, float]]
    """Its priority, and its strength afterwards."""
    merged: dict[str, str]
    """The memory into which it was merged."""
    distilled: dict[str, list[str]]
    """The episodes from which a semantic memory was distilled."""

    @classmethod
    def parse(cls, fields: dict[str, str]) -> "Record":
        """From the session's hash."""
        found = cls({}, {}, {})
        for name, value in fields.items():
            what, _, memory = name.partition(" ")
            if what == "replayed":
                priority, strength = value.split()
                found.replayed[memory] = (float(priority), float(strength))
            elif what == "merged":
                found.merged[memory] = value
            elif what == "distilled":
                found.distilled[memory] = json.loads(value)
        return found


Course = Literal["asleep", "interrupted", "over"]
"""Of a session: somebody is at it; somebody was, and anybody may resume it; it is complete."""


async def read_session(redis: Client, mind: str, id: str) -> tuple[Course, int, Record] | None:
    """How a session stands, when it began (ms) and what it has done; None: it isn't known, or no
    more. Errors: those of the client library.
    """
    sleep, log = keys.SLEEP.key(mind=mind), keys.CONSOLIDATION.key(mind=mind, session=id)
    pipe: Any = redis.pipeline(transaction=False)
    pipe.hgetall(log)
    pipe.hmget(sleep, ("session", "until"))
    fields, (current, until) = await pipe.execute()
    if "started_at" not in fields:
        return None
    course: Course = "over"
    if current == id:
        is_held = int(until or 0) > await redis.clock_ms(sleep)
        course = "asleep" if is_held else "interrupted"
    return course, int(fields["started_at"]), Record.parse(fields)


class Session:
    """A mind's consolidation, for as long as one worker has it. `begin` makes one."""

    def __init__(
        self, redis: Client, mind: str, fence: str, id: str, started_at: int, resumed: bool
    ) -> None:
        self.id = id
        self.started_at = started_at
        self.resumed = resumed
        self._redis = redis
        self._mind = mind
        self._fence = fence
        self._log = keys.CONSOLIDATION.key(mind=mind, session=id)
        own = (keys.SLEEP.key(mind=mind), self._log, keys.LEDGER.key(mind=mind))
        self._keys = (*own, *(family.key(mind=mind) for family in (*_MEMORY, keys.GUARD)))
        item_prefix = keys.ITEM.key(mind=mind, id="_")[:-1]
        self._common = (fence, LEASE_MS, keys.CONSOLIDATION.ttl_s, item_prefix)

    @classmethod
    @asynccontextmanager
    async def begin(cls, redis: Client, mind: str) -> AsyncIterator["Session"]:
        """Resume the session that was interrupted, else begin a new one. If the block is left by
        an error, another worker may resume it at once.

        Raises:
            Asleep: another worker has it.
        """
        prefix = keys.CONSOLIDATION.key(mind=mind, session="_")[:-1]
        answer = await LIBRARY.call(
            redis,
            "consolidation_begin_3",
            [keys.SLEEP.key(mind=mind), keys.GUARD.key(mind=mind)],
            (LEASE_MS, prefix, keys.CONSOLIDATION.ttl_s),
        )
        if answer[0] == "held":
            raise Asleep(
                f"{mind}: is asleep already, in session {answer[1]}; another worker can resume it "
                f"at {answer[2]} ms, unless its own renews the lease"
            )
        fence, id_, started_at, resumed = answer
        session = cls(redis, mind, fence, id_, int(started_at), bool(resumed))
        try:
            yield session
        except BaseException:
            with suppress(*ERRORS, Superseded):
                await session._step("leave", "pause")
            raise
        await session._step("leave", "end")

    async def hold(self) -> None:
        """Renew the lease. Every other move does so, too.

        Raises:
            Superseded (as every move does): another worker took over.
        """
        await self._step("hold")

    async def merge(self, move: Merge) -> int:
        """Have memories become part of one that says the same; returns how many."""
        return await self._step("merge", move.kept, *move.gone)

    async def replay(self, moves: Sequence[Replay]) -> int:
        """Strengthen memories by their priority; returns how many this session had not replayed."""
        pairs = [part for move in moves for part in (move.id, repr(move.priority))]
        return await self._step("replay", self.started_at, *pairs)

    async def distil(self, move: Distillation, content: str) -> int:
        """Make or renew a semantic memory; returns 1, or 0 if it has these episodes already."""
        own = (move.id, WINDOW, content, move.exemplar)
        return await self._step("distil", self.started_at, *own, *move.episodes)

    async def record(self) -> Record:
        """What the session has done, including before an interruption."""
        fields: Any = await self._redis.hgetall(self._log)
        return Record.parse(fields)

    async def _step(self, name: str, *args: Any) -> int:
        function = f"consolidation_{name}_3"
        done = await LIBRARY.call(self._redis, function, self._keys, (*self._common, *args))
        if done == "late":
            raise Superseded(f"{self._mind}: another worker took over session {self.id}")
        return int(done)
