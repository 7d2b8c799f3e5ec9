"""Mind: the engine's Python API.

async with Mind.connect("ana") as mind:
    await mind.think("the kettle is on", window="sensory", salience=0.8)
    print(await mind.recall("kettle"))
"""

import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, Unpack

from thoughtstream import keys
from thoughtstream.attention.attention import Attention
from thoughtstream.attention.models import (
    Action,
    Attended,
    Audit,
    CycleReport,
    Forgotten,
    NewThought,
    check_size,
)
from thoughtstream.attention.state import MOST, MindState, weaker
from thoughtstream.attention.traced import tell
from thoughtstream.config import Durability, Settings
from thoughtstream.errors import InvalidThought, NotDurable, NotForgotten
from thoughtstream.keys import Kind
from thoughtstream.memory.distiller import Distiller
from thoughtstream.memory.models import Recalled
from thoughtstream.memory.query import RecallOptions, RecallQuery
from thoughtstream.memory.recall import Recall
from thoughtstream.memory.sleep import OnBegin, OnProgress, Sleep, SleepReport
from thoughtstream.owned import Owned
from thoughtstream.store.census import Census
from thoughtstream.store.client import Client
from thoughtstream.store.durability import check, is_reached
from thoughtstream.store.entries import checked_entry, end_of_page
from thoughtstream.thinking import Thinking

_BLOCK_MS = 1000
_LOOK_AGAIN_S = 1.0


class Mind(Thinking, Owned):
    """One mind: windows that compete with each other, and its memory. `connect` makes one."""

    def __init__(self, name: str, redis: Client, settings: Settings) -> None:
        super().__init__(name, redis, settings)
        self._attention = Attention(redis, settings.streams)
        self._census = Census(redis)
        self._recall = Recall(redis, name, settings)
        self._looked_at = float("-inf")

    async def anchor(
        self,
        /,
        content: str,
        *,
        window: str = keys.STANDARD_WINDOWS[0],
        kind: Kind | None = None,
        durability: Durability | None = None,
        idempotency_key: str | None = None,
        **fields: Any,
    ) -> str:
        """Make a memory at once, past the contest; returns its id when it is as durable as asked.

        `durability`: memory, disk (an fsync, WAITAOF) or replicas (WAIT); default: the settings'.
        Without a kind, a `skill` is procedural, what comes from `reasoning` is semantic, and
        everything else an episode. `idempotency_key` and other fields as with `think`.

        Raises:
            InvalidThought: a field is wrong; nothing was written.
            KeyReused: the key was another memory's; nothing was written.
            ConfigError: the server can't promise this durability; nothing was written.
            NotDurable: it is anchored, but the promise was not kept in time.
        """
        thought = NewThought.of(content, window=window, kind=kind, **fields)
        self._windows.key(window)
        wanted = durability or self._settings.memory.durability
        async with self._errors():
            await check(self._redis, wanted, keys.LEDGER.key(mind=self.name))
            await self._census.mention(self.name)
            async with self._redis.pinned() as redis:
                attention = Attention(redis, self._settings.streams)
                asked = (self.name, window, thought.entry())
                if idempotency_key is None:
                    anchored = await attention.anchor(*asked)
                else:
                    anchored = await attention.anchor_asked(*asked, idempotency_key)

                async def confirm() -> None:
                    if not await attention.confirm(self.name, anchored):
                        lost = f"{anchored}: was lost with the server that took it; anchor it again"
                        raise NotDurable(lost, anchored)

                timeout_ms = self._settings.memory.durability_timeout_ms
                if await is_reached(redis, wanted, timeout_ms, confirm):
                    return anchored
        raise NotDurable(
            f"{anchored}: is anchored, but was not on {wanted} within {timeout_ms} ms", anchored
        )

    async def supersede(
        self,
        id: str,
        /,
        content: str,
        *,
        by: str | None = None,
        window: str = keys.STANDARD_WINDOWS[0],
        kind: Kind | None = None,
        **fields: Any,
    ) -> str:
        """Put a new memory in the place of one that is no longer true; returns its id. The old one
        goes to the unconscious, with `superseded_by`, and can be taken back.

        `by`: who says so. Without a kind, that of the old one. Other fields as with `think`: the
        new memory has none of the old one's.

        Raises:
            NotRemembered: there is no such memory. InvalidThought: a field is wrong.
        """
        entry = NewThought.of(content, window=window, kind=kind, **fields).entry()
        entry.pop("kind", None)
        self._windows.key(window)
        check_size(entry, self._settings.streams.max_thought_bytes)
        async with self._errors():
            return await self._letting_go.supersede(id, window, kind, entry, by)

    async def forgotten(self, *, limit: int = 20, before: str = "+") -> list[Forgotten]:
        """What was forgotten, when and why, the newest first.

        `before`: the last `entry` of one page, for the next.
        """
        newest, stream = end_of_page(before), keys.UNCONSCIOUS.key(mind=self.name)
        async with self._errors():
            found: Any = await self._redis.xrevrange(stream, newest, "-", count=limit)
        return [Forgotten.of(entry, fields) for entry, fields in found]

    async def take_back(self, entry: str, *, salience: float = 0.5) -> str:
        """Have a forgotten thought compete again, with this salience; returns its new id. What was
        a memory, forgotten on request or superseded, is one again at once, and keeps its id.

        Raises:
            NotForgotten: this entry is not, or no longer, in the unconscious.
            InvalidThought: the salience is out of range.
        """
        salience = NewThought.of("-", salience=salience).salience
        stream = keys.UNCONSCIOUS.key(mind=self.name)
        checked_entry(entry)
        async with self._errors():
            found: Any = await self._redis.xrange(stream, entry, entry)
            if not found:
                raise NotForgotten(f"{entry}: is not (or no longer) among the forgotten")
            forgotten = Forgotten.of(*found[0])
            if forgotten.was_memory:
                return await self._letting_go.take_back(entry)
            return await self._attention.take_back(self.name, forgotten, salience)

    async def would_forget(self, threshold: float, *, limit: int = 20) -> tuple[int, list[str]]:
        """A dry run of another `forget_threshold`: how many of the thoughts that compete now are
        under it, and what the weakest of them say.
        """
        async with self._errors():
            return await weaker(
                self._redis, self.name, threshold, limit, self._settings.streams.half_life_ms
            )

    async def attend(self) -> CycleReport:
        """One attention cycle. The service runs these; call it to drive a mind by hand."""
        self._may_warn = False
        if time.monotonic() - self._looked_at > _LOOK_AGAIN_S:
            await self._look_for_windows()
        async with self._errors():
            await self._census.mention(self.name)
            began = time.perf_counter()
            report = await self._attention.cycle(self.name, self._window_names)
        tell(self._traces, self.name, report, time.perf_counter() - began)
        return report

    async def windows(self) -> tuple[str, ...]:
        """The names of its windows: the standard four, and every other that attention has found."""
        async with self._errors():
            found: Any = await self._redis.smembers(keys.WINDOWS.key(mind=self.name))
        self._has(map(keys.decode_name, found))
        return self._window_names

    async def _look_for_windows(self) -> None:
        """What a service is told of, whoever attends by hand has to look for: who else has written
        to a window that is new. Looks through all keys of the server (SCAN).
        """
        async with self._errors():
            pattern = keys.WINDOW.glob_of(mind=self.name)
            found = await self._redis.find(pattern, keys.LEDGER.key(mind=self.name))
        parts = filter(None, map(keys.window_of, found))
        self._has(window for mind, window in parts if mind == self.name)
        self._looked_at = time.monotonic()

    async def attended(self, *, since: str = "$") -> AsyncIterator[Attended]:
        """The thoughts that win, each once, as they win, after an entry id of the `assembled`
        stream (`0`: all that it still has; `$`: from now on). Never ends by itself.
        """
        await self._warn_once()
        stream = keys.ASSEMBLED.key(mind=self.name)
        if since == "$":  # each XREAD would have a `$` of its own, and miss what came in between
            since = await self._newest_of(stream)
        while True:
            async with self._errors():
                answer: Any = await self._redis.xread({stream: since}, count=100, block=_BLOCK_MS)
            for _, entries in answer or []:
                for entry, fields in entries:
                    since = entry
                    yield Attended.entry(fields)

    async def _newest_of(self, stream: str) -> str:
        async with self._errors():
            entries: Any = await self._redis.xrevrange(stream, count=1)
        return str(entries[0][0]) if entries else "0"

    async def intervene(
        self, /, thought_id: str, action: Action, *, by: str | None = None, **change: Any
    ) -> int:
        """Change an attended thought within its intervention window; returns when that closes.

        `veto`: it never becomes memory. `reframe`: another content, salience or kind, the original
        kept as provenance. `boost`: another salience. `restore`: a veto is taken back. Repeating it
        changes nothing. `by`: who does it; the memory keeps it.

        Raises:
            InterventionRefused: the window has closed (the message says when).
            InvalidThought: a field of the change is wrong.
        """
        fields = _change(action, change) | _who(by)
        async with self._errors():
            return await self._attention.intervene(self.name, thought_id, action, fields)

    async def recall(
        self, query: str | RecallQuery, **options: Unpack[RecallOptions]
    ) -> list[Recalled]:
        """The memories that answer a query best, best first. Any text is a safe query.

        Options: limit (10), offset, kind, since, until, on, who, window, source, fields, context:
        see `RecallQuery`, which can be given in place of a text.

        Raises:
            InvalidRecall: an option is wrong. RedisUnavailable: Redis does not answer.
        """
        asked = RecallQuery.of(query, **options)
        async with self._errors():
            return await self._recall.search(asked)

    async def sleep(
        self,
        *,
        dry_run: bool = False,
        distiller: Distiller | None = None,
        on_progress: OnProgress | None = None,
        on_begin: OnBegin | None = None,
    ) -> SleepReport:
        """Consolidate memory: merge what says the same, strengthen what matters, distil repeated
        episodes. It resumes a session that was interrupted; sleeping twice is sleeping once.

        Args:
            dry_run: say what it would do, and change nothing.
            distiller: instead of the one in the settings (`memory.sleep_distiller`).
            on_progress: called with how many memories are done, and how many there are to do.
            on_begin: called with the id of the session.

        Raises:
            Asleep: another worker is at it. Superseded: another one took over.
            DistillerFailed: the session can be resumed.
        """
        consolidation = Sleep(self._redis, self._settings, distiller)
        async with self._errors():
            if dry_run:
                return await consolidation.would(self.name)
            return await consolidation.sleep(self.name, on_progress, on_begin)

    async def audit(self) -> Audit:
        """Check the conservation of thoughts: the ledger against the keys, in one atomic step.

        Raises:
            SpoiltMind: a key of the mind is of another type.
        """
        async with self._errors():
            return await self._attention.audit(self.name, self._window_names)

    async def state(self, *, top: int = 10) -> MindState:
        """A picture of the mind at one moment, for watching it, with at most `top` of each list.

        Raises:
            InvalidThought: `top` is out of range. SpoiltMind: a key of the mind has what the
            engine does not write.
        """
        if not 1 <= top <= MOST:
            raise InvalidThought(f"top: is {top}; give 1 to {MOST}")
        async with self._errors():
            return await self._attention.look(self.name, self._window_names, top)

    async def waiting(self, thought_ids: Sequence[str]) -> bool:
        """Whether any of these thoughts, written together, is still in its window."""
        by_window: dict[str, list[str]] = {}
        for thought_id in thought_ids:
            entry, _, window = thought_id.partition("@")
            by_window.setdefault(keys.decode_name(window), []).append(entry)
        pipe = self._redis.pipeline(transaction=False)
        for window, entries in by_window.items():
            pipe.xrange(self._windows.key(window), entries[0], entries[-1], count=1)
        async with self._errors():
            return any(await pipe.execute())


_CHANGES: dict[Action, frozenset[str]] = {
    "veto": frozenset(),
    "reframe": frozenset({"content", "salience", "kind"}),
    "boost": frozenset({"salience"}),
    "restore": frozenset(),
}


def _who(by: str | None) -> dict[str, str]:
    return {} if by is None else {"by": by}


def _change(action: Action, change: dict[str, Any]) -> dict[str, str]:
    if action not in _CHANGES:
        raise InvalidThought(f"action: is {action!r}; give one of {', '.join(_CHANGES)}")
    unknown = sorted(change.keys() - _CHANGES[action])
    if unknown:
        raise InvalidThought(f"{unknown[0]}: {action} can't change it")
    if _CHANGES[action] and not change:
        raise InvalidThought(f"{action}: say what to change: {', '.join(sorted(_CHANGES[action]))}")
    checked = NewThought.of(**({"content": "-"} | change)).entry()
    return {name: checked[name] for name in change}
