"""Sleep: a mind's memories are consolidated, one move after the other.

Near duplicates are merged, what matters is replayed and strengthened, and what repeated episodes
have in common becomes a semantic memory. A session that was interrupted is gone on with by the
next; what is already so is not done again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from thoughtstream import keys
from thoughtstream.config import Settings
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.memory.consolidation import LEASE_MS, Night, Record
from thoughtstream.memory.distiller import Distiller, chosen
from thoughtstream.memory.night import Distillation, Merge, Plan, plan
from thoughtstream.memory.traces import read_traces
from thoughtstream.store.client import Client

BATCH = 100
"""Memories that one step replays or merges."""

OnProgress = Callable[[int, int], None]
"""Told how many memories the moves so far were about, and how many all are."""


class DistillerFailed(ThoughtstreamError):
    """The distiller raised an error; the session can be gone on with."""


@dataclass(frozen=True, slots=True)
class SleepReport:
    """What sleep did, or (`dry_run`) would do. `session` is None for a dry run; `resumed`: it went
    on with a session that had been interrupted, whose part is in here, too.

    `replayed`: {id, priority, strength}; `merged`: {id, into}; `distilled`: {id, from}.
    """

    session: str | None
    resumed: bool
    dry_run: bool
    memories: int
    replayed: list[dict[str, Any]]
    merged: list[dict[str, Any]]
    distilled: list[dict[str, Any]]


class Sleep:
    """The sleep of any number of minds."""

    def __init__(
        self, redis: Client, settings: Settings, distiller: Distiller | None = None
    ) -> None:
        self._redis = redis
        self._config = settings.memory
        streams = settings.streams
        self._archive = streams.unconscious_maxlen if streams.forget == "archive" else 0
        self._distiller = distiller or chosen(self._config.sleep_distiller)

    async def would(self, mind: str) -> SleepReport:
        """What a night that began now would do; nothing is changed."""
        traces, moves = await self._plan(
            mind, await self._redis.clock_ms(keys.SLEEP.key(mind=mind))
        )
        strength = {trace.id: trace.strength for trace in traces}
        for merge in moves.merges:
            strength[merge.kept] += sum(strength[id_] for id_ in merge.gone)
        record = Record(
            replayed={m.id: (m.priority, strength[m.id] + m.priority) for m in moves.replays},
            merged={id_: merge.kept for merge in moves.merges for id_ in merge.gone},
            distilled={m.id: list(m.episodes) for m in moves.distillations},
        )
        return _report(None, len(traces), record)

    async def sleep(self, mind: str, on_progress: OnProgress | None = None) -> SleepReport:
        """Have a mind sleep, from the beginning of the night or from where it was interrupted.

        Raises:
            Asleep: another worker is at it. Superseded: another one took over from this.
            DistillerFailed: and the moves before it have been made.
        """
        async with Night.begin(self._redis, mind) as night, _held(night):
            traces, moves = await self._plan(mind, night.started_at)
            done = 0
            async for moved in self._moves(night, moves):
                done += moved
                if on_progress is not None:
                    on_progress(done, len(moves))
            return _report(night, len(traces), await night.record())

    async def _plan(self, mind: str, now_ms: int) -> tuple[Sequence[Any], Plan]:
        traces = await read_traces(self._redis, mind)
        # In a thread: a mind with many memories must not keep the others from being attended.
        return traces, await asyncio.to_thread(plan, traces, now_ms, self._config)

    async def _moves(self, night: Night, moves: Plan) -> AsyncIterator[int]:
        """Make the moves; yields how many memories each step was about."""
        for merge in moves.merges:
            for some in _batches(merge.gone):
                part = Merge(merge.kept, tuple(some))
                await night.merge(part, self._config.sleep_similarity, self._archive)
                yield len(some)
        for replays in _batches(moves.replays):
            await night.replay(replays)
            yield len(replays)
        for distillation in moves.distillations:
            content = await self._distilled(distillation)
            if content:
                await night.distil(distillation, content)
            yield 1

    async def _distilled(self, move: Distillation) -> str:
        try:
            return await self._distiller.distil(move.contents)
        except Exception as error:  # it is not ours: anything may come out of it
            raise DistillerFailed(
                f"memory.sleep_distiller: failed on {move.exemplar}: {error!r}"
            ) from error


def _batches(things: Sequence[Any]) -> list[Sequence[Any]]:
    return [things[at : at + BATCH] for at in range(0, len(things), BATCH)]


@asynccontextmanager
async def _held(night: Night) -> AsyncIterator[None]:
    """The lease is renewed while something takes long (many memories, a language model)."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(LEASE_MS / 3000)
            await night.hold()

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)  # a lost lease refuses the next move


def _report(night: Night | None, memories: int, record: Record) -> SleepReport:
    replayed = sorted(record.replayed.items(), key=lambda one: (-one[1][0], one[0]))
    return SleepReport(
        session=None if night is None else night.session,
        resumed=night is not None and night.goes_on,
        dry_run=night is None,
        memories=memories,
        replayed=[{"id": id_, "priority": p, "strength": s} for id_, (p, s) in replayed],
        merged=[{"id": id_, "into": kept} for id_, kept in sorted(record.merged.items())],
        distilled=[{"id": id_, "from": from_} for id_, from_ in sorted(record.distilled.items())],
    )
