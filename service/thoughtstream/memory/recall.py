"""Recall: the memories that answer a query.

An index proposes (RediSearch where the server has it, else SQLite's FTS5), the streams say what is
really there, and one ranking orders it: so both indexes give the same answers. A mind with few
memories is ranked whole.
"""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import date

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError

from thoughtstream.config import Settings
from thoughtstream.language.words import Query
from thoughtstream.memory.chronicle import Chronicle
from thoughtstream.memory.embedder import meaning_of
from thoughtstream.memory.features import Stretch
from thoughtstream.memory.fts5_index import Fts5Index
from thoughtstream.memory.index import Index, IndexUnusable, Proposal
from thoughtstream.memory.models import Filters, Location, Memory, Recalled
from thoughtstream.memory.query import RecallQuery
from thoughtstream.memory.ranking import Ranked, idf, ranked
from thoughtstream.memory.redisearch_index import RediSearchIndex
from thoughtstream.memory.streams import Fields, Streams
from thoughtstream.memory.timeline import Timeline
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

_WHOLE = 1000
"""A mind with as many memories, or fewer, is ranked whole."""

_POOL = 300
"""How many proposals are ranked together, before the next ones: so the order of an answer never
depends on the page that is asked for."""

_TRY_AGAIN_S = 60.0

log = structlog.get_logger()


class Recall:
    """Recall in one mind."""

    def __init__(self, redis: Client, mind: str, settings: Settings) -> None:
        self._mind = mind
        self._streams = Streams(redis, mind)
        self._timeline = Timeline(redis, mind, self._streams)
        self._meaning = meaning_of(redis, mind, self._streams, settings.memory.embedder)
        self._chronicle = Chronicle(self._streams, self._timeline)
        self._index: Index = RediSearchIndex(redis, mind)
        self._fallback: Index = Fts5Index(redis, mind, settings.home, self._streams)
        self._serving: Index | None = None
        self._try_index_at = 0.0

    @property
    def index(self) -> str | None:
        """The name of the index that answered last."""
        return None if self._serving is None else self._serving.name

    async def search(self, asked: RecallQuery) -> list[Recalled]:
        """The memories that answer best, best first; of equals, what was said first.

        Raises:
            RedisUnavailable: Redis does not answer.
        """
        with typed_errors():
            try:
                found = await self._first(asked)
            except RedisConnectionError:  # lost since the last time; reading may be repeated
                found = await self._first(asked)
            return await self._with_context(found[asked.offset :], asked.context)

    async def _first(self, asked: RecallQuery) -> list[Recalled]:
        found: list[Recalled] = []
        wanted = asked.offset + asked.limit
        async with aclosing(self._answers(asked, wanted)) as answers:
            async for recalled in answers:
                found.append(recalled)
                if len(found) == wanted:
                    break
        return found

    async def _answers(self, asked: RecallQuery, wanted: int) -> AsyncGenerator[Recalled]:
        """All answers, best first; `wanted`: how many are read at once."""
        said: set[Location] = set()
        ceiling = float("inf")
        memories = await self._chronicle.refresh()
        query, filters = Query.of(asked.query), asked.filters
        near = await self._meaning.near(asked.query) if self._meaning and query.terms else None
        nearest = near.best(_POOL, filters.kind) if near and memories > _WHOLE else []
        async for pool, frequency in self._pools(query, filters, memories, nearest):
            idfs = {stem: idf(memories, count) for stem, count in frequency.items()}
            order = [
                one
                for one in ranked(asked.query, idfs, pool, date.today(), near)
                if one.trait.location not in said
                and filters.kind in (None, one.trait.location.kind)
            ]
            for at in range(0, len(order), wanted):
                some = order[at : at + wanted]
                fields = await self._streams.read([one.trait.location for one in some])
                for one in some:
                    location = one.trait.location
                    if location in fields and filters.accepts(location, fields[location]):
                        said.add(location)
                        ceiling = min(ceiling, one.score)
                        yield _recalled(one, fields[location], ceiling, asked.explain)

    async def _pools(
        self, query: Query, filters: Filters, memories: int, nearest: list[Location]
    ) -> AsyncGenerator[tuple[list[Stretch], dict[str, int]]]:
        """What the index proposes, `_POOL` memories at a time, the first of them with what is
        nearest, each with its neighbours, or at once all there is; and how many memories have
        each word.
        """
        known: set[Location] = set(nearest)
        waiting: list[Location] = list(nearest)
        frequency: dict[str, int] = {}
        pool = max(1, memories) if memories <= _WHOLE else _POOL + len(nearest)
        asked, ended = pool, not query.terms
        while waiting or not ended:
            if len(waiting) < pool and not ended:
                proposal = await self._propose(query, filters, asked)
                waiting += [location for location in proposal.locations if location not in known]
                known.update(proposal.locations)
                asked, ended, frequency = 2 * asked, proposal.is_all, proposal.frequency
                continue
            found = await self._chronicle.traits(waiting[:pool])
            gone = {location for location in waiting[:pool] if location not in found}
            if gone:
                await self._forget(gone)
                waiting = [location for location in waiting if location not in gone]
            elif memories <= _WHOLE:
                break
            else:
                yield await self._chronicle.around(found.values()), frequency
                del waiting[:pool]
                pool = _POOL
        if query.terms and memories <= _WHOLE:
            yield await self._chronicle.whole(), frequency

    async def _propose(self, query: Query, filters: Filters, limit: int) -> Proposal:
        if time.monotonic() >= self._try_index_at:
            try:
                proposal = await self._index.propose(query, filters, limit)
            except IndexUnusable as why:
                if self._serving is self._index:
                    log.warning("recall.redisearch_lost", mind=self._mind, why=str(why))
                self._try_index_at = time.monotonic() + _TRY_AGAIN_S
            else:
                self._serving = self._index
                return proposal
        self._serving = self._fallback
        return await self._fallback.propose(query, filters, limit)

    async def _forget(self, gone: set[Location]) -> None:
        if self._serving is not None:
            await self._serving.forget(gone)

    async def _with_context(self, found: list[Recalled], reach: int) -> list[Recalled]:
        if not reach or not found:
            return found
        traits = await self._chronicle.traits([Location(m.kind, m.entry) for m in found])
        beside = {
            location: self._chronicle.neighbours(location.kind, trait.place, reach)
            for location, trait in traits.items()
        }
        fields = await self._streams.read(
            {one for sides in beside.values() for side in sides for one in side}
        )

        def memories(locations: Sequence[Location]) -> tuple[Memory, ...]:
            return tuple(Memory.of(one, fields[one]) for one in locations if one in fields)

        complete = []
        for memory in found:
            before, after = beside.get(Location(memory.kind, memory.entry), ([], []))
            neighbours = {"context_before": memories(before), "context_after": memories(after)}
            complete.append(memory.model_copy(update=neighbours))
        return complete


def _recalled(one: Ranked, fields: Fields, score: float, explain: bool) -> Recalled:
    reasons = one.reasons() if explain else ()
    return Recalled.of(one.trait.location, fields, score=score, reasons=reasons)
