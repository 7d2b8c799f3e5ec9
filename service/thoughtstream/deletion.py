"""Deleting a whole mind: what would go, and that it is gone.

It is gone at once for whoever looks; then, in small steps under a lease, follows what only a look
through all keys finds. Whoever dies in between has it deleted again, which ends it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.config import Settings
from thoughtstream.coordination.registry import Registry
from thoughtstream.memory import fts5_index, redisearch_index
from thoughtstream.memory.wiping import Wiping
from thoughtstream.store.census import Census
from thoughtstream.store.client import Client

LATELY_MS = 60_000
_SAMPLES = 50
_MOST_LATELY = 1000

OnProgress = Callable[[int], None]
"""Called with how many keys have gone so far."""


@dataclass(frozen=True)
class Wrote:
    """Somebody who wrote to the mind in the last minute: into which window, what it says of its
    source, how many thoughts, when last (ms).
    """

    window: str
    source: str | None
    thoughts: int
    last_at: int


@dataclass
class Deletion:
    """What a deletion took, or (`dry_run`) would take.

    `memories`, by kind; `merged`: into others; `thoughts`: in windows and intervention windows;
    `bytes`: in Redis, as estimated from samples, None if it won't say; `keys`: that were looked for
    and removed, after those that every mind has. `wrote`: who wrote in the last minute. `anew`:
    somebody has written since, and made the mind anew.
    """

    mind: str
    dry_run: bool
    memories: dict[str, int]
    forgotten: int
    merged: int
    thoughts: int
    bytes: int | None
    keys: int = 0
    wrote: list[Wrote] = field(default_factory=list)
    anew: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing to delete."""
        counts = (*self.memories.values(), self.forgotten, self.merged, self.thoughts, self.keys)
        return not any(counts) and not self.bytes


class Deleting:
    """The deletion of one mind."""

    def __init__(self, redis: Client, mind: str, settings: Settings) -> None:
        self._redis = redis
        self._mind = mind
        self._home = settings.home
        self._ledger = keys.LEDGER.key(mind=mind)
        self._standard = [keys.WINDOW.key(mind=mind, window=name) for name in keys.STANDARD_WINDOWS]

    async def would(self) -> Deletion:
        """What there is; nothing is changed. O(N) for N keys of its server."""
        return await self._found(await self._windows())

    async def _found(self, windows: list[str]) -> Deletion:
        pipe: Any = self._redis.pipeline(transaction=False)
        for family in (*keys.MEMORIES.values(), keys.UNCONSCIOUS, keys.MERGED):
            pipe.xlen(family.key(mind=self._mind))
        pipe.hlen(keys.INTERVENING.key(mind=self._mind))
        for key in windows:
            pipe.xlen(key)
        counts = [count or 0 for count in await _answers(pipe)]
        memories = dict(zip(keys.MEMORIES, counts, strict=False))
        forgotten, merged, *thoughts = counts[len(memories) :]
        size = await self._bytes(windows, sum(memories.values()))
        wrote = _summed(await self._lately(windows))
        return Deletion(
            self._mind, True, memories, forgotten, merged, sum(thoughts), size, wrote=wrote
        )

    async def delete(self, on_progress: OnProgress | None = None) -> Deletion:
        """Delete it, or go on where somebody ended.

        Raises:
            BeingDeleted: somebody else is at it.
        """
        windows = await self._windows()
        done, wrote = await self._found(windows), await self._lately(windows)
        done.dry_run = False
        wiping = Wiping(self._redis, self._mind)
        await wiping.begin(windows)
        await redisearch_index.drop(self._redis, self._mind)
        async for gone in wiping.sweep():
            done.keys += gone
            if on_progress is not None:
                on_progress(done.keys)
        await wiping.finish()  # first: what is announced from now on is of a new mind
        for server in await self._redis.servers():
            async with self._redis.at(server) as its:
                await Registry(self._redis, its, server).forget(self._mind)
        await Census(self._redis).forget(self._mind)
        fts5_index.remove(self._redis, self._mind, self._home)
        done.wrote = _summed(wrote | await self._lately(windows))
        done.anew = bool(await self._redis.exists(*windows, self._ledger))
        return done

    async def _windows(self) -> list[str]:
        """The keys of all its windows. Looks through all keys of its server (SCAN)."""
        there = await self._redis.find(keys.WINDOW.glob_of(mind=self._mind), self._ledger)
        ours = {key for key in there if keys.is_of_mind(key, self._mind)}
        return sorted(ours | set(self._standard))

    async def _bytes(self, windows: list[str], memories: int) -> int | None:
        own = [family.key(mind=self._mind) for family in keys.FAMILIES if _is_one(family)]
        for family in (keys.TIMELINE, keys.VECTORS):
            own += [family.key(mind=self._mind, kind=kind) for kind in keys.MEMORIES]
        prefix = keys.ITEM.key(mind=self._mind, id="_")[:-1]
        pipe: Any = self._redis.pipeline(transaction=False)
        for family in keys.MEMORIES.values():
            pipe.xrange(family.key(mind=self._mind), count=_SAMPLES)
        found = [entry for entries in await _answers(pipe) for entry in entries or ()]
        items = [prefix + fields.get("id", "") for _, fields in found]
        pipe = self._redis.pipeline(transaction=False)
        for key in (*own, *windows, *items):
            pipe.execute_command("MEMORY USAGE", key)
        try:
            sizes = [size or 0 for size in await pipe.execute()]
        except ResponseError:  # it has no such command, or we may not
            return None
        of_items = sizes[len(own) + len(windows) :]
        mean = sum(of_items) / len(of_items) if of_items else 0
        return sum(sizes[: len(own) + len(windows)]) + round(mean * memories)

    async def _lately(self, windows: list[str]) -> dict[str, tuple[str, str | None, int]]:
        """The thoughts of the last minute, wherever they are by now: window, source, time."""
        oldest = await self._redis.clock_ms(self._ledger) - LATELY_MS
        families = (keys.ASSEMBLED, keys.UNCONSCIOUS, *keys.MEMORIES.values())
        pipe: Any = self._redis.pipeline(transaction=False)
        for key in (*(family.key(mind=self._mind) for family in families), *windows):
            pipe.xrevrange(key, "+", oldest, count=_MOST_LATELY)
        names = [*([""] * len(families)), *(key.partition("}:window:")[2] for key in windows)]
        found: dict[str, tuple[str, str | None, int]] = {}
        for window, entries in zip(names, await _answers(pipe), strict=True):
            for entry, fields in entries or ():
                id_ = f"{entry}@{window}" if window else fields.get("id", "")
                said, _, its = id_.partition("@")
                ms = said.partition("-")[0]
                if ms.isdecimal() and int(ms) >= oldest and "triggered_by" not in fields:
                    found[id_] = keys.decode_name(its), fields.get("source"), int(ms)
        return found


async def _answers(pipe: Any) -> list[Any]:
    """None is that of a key that is not what it is to be: such a mind can be deleted, too."""
    answers = await pipe.execute(raise_on_error=False)
    for answer in answers:
        if isinstance(answer, Exception) and "WRONGTYPE" not in str(answer):
            raise answer
    return [None if isinstance(answer, Exception) else answer for answer in answers]


def _is_one(family: keys.Family) -> bool:
    return "<mind>" in family.pattern and family.pattern.count("<") == 1


def _summed(found: dict[str, tuple[str, str | None, int]]) -> list[Wrote]:
    by: dict[tuple[str, str | None], list[int]] = {}
    for window, source, at in found.values():
        by.setdefault((window, source), []).append(at)
    wrote = [Wrote(*who, len(times), max(times)) for who, times in by.items()]
    return sorted(wrote, key=lambda one: (-one.last_at, one.window))
