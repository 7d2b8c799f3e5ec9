"""Sleep: a mind's memories are consolidated, one move after the other.

Near duplicates are merged, what matters is replayed and strengthened, and what repeated episodes
have in common becomes a semantic memory. A session that was interrupted is resumed by the next
worker; what has been done is not done again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from thoughtstream import keys
from thoughtstream.config import Settings
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.memory.consolidation import LEASE_MS, Record, Session
from thoughtstream.memory.consolidation_plan import Distillation, Merge, Plan, plan
from thoughtstream.memory.distiller import Distiller, chosen
from thoughtstream.memory.traces import read_traces
from thoughtstream.store.client import Client

BATCH = 100
"""How many memories one step replays or merges."""

OnProgress = Callable[[int, int], None]
"""Called with how many memories have been dealt with, and how many there are to deal with."""


OnBegin = Callable[[str], None]
"""Called with the id of the session, when it has begun or is resumed."""


class DistillerFailed(ThoughtstreamError):
    """The distiller raised an error; the session can be resumed."""


@dataclass(frozen=True, slots=True)
class SleepReport:
    """What sleep did, or (`dry_run`) would do. `session` is None for a dry run; `resumed`: the
    session had been interrupted before, and what it did then is in here, too.

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
        self._distiller = distiller or chosen(self._config.sleep_distiller)

    async def would(self, mind: str) -> SleepReport:
        """What a session that began now would do; nothing is changed."""
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

    async def sleep(
        self,
        mind: str,
        on_progress: OnProgress | None = None,
        on_begin: OnBegin | None = None,
    ) -> SleepReport:
        """Have a mind sleep: a new session, or the one that was interrupted.

        Raises:
            Asleep: another worker is at it. Superseded: another one took over.
            DistillerFailed: the moves before it have been made.
        """
        async with Session.begin(self._redis, mind) as session, _held(session):
            if on_begin is not None:
                on_begin(session.id)
            traces, moves = await self._plan(mind, session.started_at)
            done = 0
            async for moved in self._moves(session, moves):
                done += moved
                if on_progress is not None:
                    on_progress(done, len(moves))
            return _report(session, len(traces), await session.record())

    async def _plan(self, mind: str, now_ms: int) -> tuple[Sequence[Any], Plan]:
        traces = await read_traces(self._redis, mind)
        # In a thread: a mind with many memories must not keep the others from being attended.
        return traces, await asyncio.to_thread(plan, traces, now_ms, self._config)

    async def _moves(self, session: Session, moves: Plan) -> AsyncIterator[int]:
        """Make the moves; yields how many memories each step dealt with."""
        for merge in moves.merges:
            for some in _batches(merge.gone):
                await session.merge(Merge(merge.kept, tuple(some)))
                yield len(some)
        for replays in _batches(moves.replays):
            await session.replay(replays)
            yield len(replays)
        for distillation in moves.distillations:
            content = await self._distilled(distillation)
            if content:
                await session.distil(distillation, content)
            yield 1

    async def _distilled(self, move: Distillation) -> str:
        try:
            return await self._distiller.distil(move.contents)
        except Exception as error:  # it is not ours and may raise anything
            raise DistillerFailed(
                f"memory.sleep_distiller: failed on {move.exemplar}: {error!r}"
            ) from error


def _batches(things: Sequence[Any]) -> list[Sequence[Any]]:
    return [things[at : at + BATCH] for at in range(0, len(things), BATCH)]


@asynccontextmanager
async def _held(session: Session) -> AsyncIterator[None]:
    """Renews the lease while something takes long (many memories, a language model)."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(LEASE_MS / 3000)
            await session.hold()

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)  # a lost lease refuses the next move


def _report(session: Session | None, memories: int, record: Record) -> SleepReport:
    return SleepReport(
        session=None if session is None else session.id,
        resumed=session is not None and session.resumed,
        dry_run=session is None,
        memories=memories,
        **moves_of(record),
    )


def moves_of(record: Record) -> dict[str, list[dict[str, Any]]]:
    """What a session has done, as a report has it: what was strengthened most first."""
    replayed = sorted(record.replayed.items(), key=lambda one: (-one[1][0], one[0]))
    return {
        "replayed": [{"id": id_, "priority": p, "strength": s} for id_, (p, s) in replayed],
        "merged": [{"id": id_, "into": kept} for id_, kept in sorted(record.merged.items())],
        "distilled": [
            {"id": id_, "from": from_} for id_, from_ in sorted(record.distilled.items())
        ],
    }
