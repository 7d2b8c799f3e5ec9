"""Recall: the memories that answer a query.

An index proposes (RediSearch where the server has it, else SQLite's FTS5), the streams say what is
really there, and one ranking orders it: so both indexes give the same answers. A mind with few
memories is ranked whole.
"""

import time
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import islice
from typing import TypeVar

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError

from thoughtstream.config import Settings
from thoughtstream.language.words import Query, Term
from thoughtstream.memory.chronicle import Chronicle
from thoughtstream.memory.embedder import meaning_of
from thoughtstream.memory.features import Pool
from thoughtstream.memory.fts5_index import Fts5Index
from thoughtstream.memory.index import Index, IndexUnusable, Proposal, Wanted
from thoughtstream.memory.models import Filters, Location, Memory, Recalled
from thoughtstream.memory.query import RecallQuery
from thoughtstream.memory.ranking import Ranked, idf, ranked
from thoughtstream.memory.redisearch_index import RediSearchIndex
from thoughtstream.memory.streams import Fields, Head, Streams
from thoughtstream.memory.timeline import Timeline
from thoughtstream.memory.traits import Trait
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

_WHOLE = 1000
"""A mind with as many memories, or fewer, is ranked whole."""

_POOL = 120
"""How many proposals are ranked together, before the next ones: so the order of an answer never
depends on the page that is asked for."""

_CHOICE = 1000
"""Of as many memories, or more, the proposals are chosen."""

_PART = 32
"""A word is common that is in more than this part of all memories; and when a mind has grown by
this part, words are counted anew."""

_TRY_AGAIN_S = 60.0

T = TypeVar("T")

log = structlog.get_logger()


class Recall:
    """Recall in one mind."""

    def __init__(self, redis: Client, mind: str, settings: Settings) -> None:
        self._mind = mind
        self._streams = Streams(redis, mind)
        self._timeline = Timeline(redis, mind, self._streams)
        self._meaning = meaning_of(redis, mind, self._streams, settings.memory.embedder)
        self._chronicle = Chronicle(self._streams, self._timeline)
        self._index: Index = RediSearchIndex(redis, mind, self._streams)
        self._fallback = Fts5Index(redis, mind, settings.home, self._streams)
        self._serving: Index | None = None
        self._try_index_at = 0.0
        self._counts: dict[str, int] = {}
        self._counted_at = (0, 0)
        self._asked_at: dict[str, Head] | None = None

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

    async def scrub(self) -> None:
        """Memories were erased: nothing of them stays in the index's file, if there is one."""
        with typed_errors():
            await self._fallback.scrub()

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
        async for pool, idfs in self._pools(query, filters, memories, nearest):
            order = (
                one
                for one in ranked(asked.query, idfs, pool, date.today(), near)
                if one.trait.location not in said and filters.may_accept(one.trait)
            )
            while some := list(islice(order, wanted)):
                fields = await self._streams.read([one.trait.location for one in some])
                for one in some:
                    location = one.trait.location
                    if location in fields and filters.accepts(location, fields[location]):
                        said.add(location)
                        ceiling = min(ceiling, one.score)
                        yield _recalled(one, fields[location], ceiling, asked.explain)

    async def _pools(
        self, query: Query, filters: Filters, memories: int, nearest: list[Location]
    ) -> AsyncGenerator[tuple[Pool, dict[str, float]]]:
        """Of a small mind, all memories at once; else what the index proposes, `_POOL` of them,
        then twice as many and so on, by the rarer words of the query first, then by all; the first
        of them with what is nearest in meaning. And how much each word tells.
        """
        if not query.terms:
            return
        frequency = await self._frequency(query, memories)
        idfs = {stem: idf(memories, count) for stem, count in frequency.items()}
        if memories <= _WHOLE:
            yield await self._chronicle.whole(), idfs
            return
        meant = list((await self._chronicle.traits(nearest, self._sketches)).values())
        met: set[Location] = set()
        size = _POOL
        for part in _rare_first(query, frequency, memories):
            while proposed := await self._proposed(Wanted(part, idfs, filters, size), met):
                found, meant = [*filter(filters.may_accept, proposed), *meant], []
                size *= 2
                if found:
                    yield await self._chronicle.around(found, self._sketches), idfs
        if meant:
            yield await self._chronicle.around(meant, self._sketches), idfs

    async def _proposed(self, wanted: Wanted, met: set[Location]) -> list[Trait]:
        """The next proposals that were not met yet and are still there, if there are any."""
        while True:
            limit = wanted.limit + len(met)
            more = replace(wanted, limit=limit, known=self._chronicle)
            proposal = await self._ask(partial(_propose, more))
            new = [one for one in proposal.locations if one not in met][: wanted.limit]
            met.update(new)
            self._chronicle.learn(proposal.sketches)
            found = await self._chronicle.traits(new)
            if found or not new:
                return list(found.values())

    async def _sketches(self, locations: Collection[Location]) -> Mapping[Location, str]:
        return await self._ask(lambda index: index.sketches(locations))

    async def _frequency(self, query: Query, memories: int) -> dict[str, int]:
        """Asked once for each word, until the mind has become another, or a good deal larger. So
        the index learns what has changed, also where a small mind needs no proposals.
        """
        state, heads = (self._chronicle.history, memories), self._streams.known
        if state[0] != self._counted_at[0] or memories - self._counted_at[1] > memories // _PART:
            self._counts, self._counted_at = {}, state
        new = Query(tuple(term for term in query.terms if term.stem not in self._counts))
        if new.terms or heads != self._asked_at:
            self._counts |= await self._ask(lambda index: index.frequency(new))
            self._asked_at = heads
        return {term.stem: self._counts[term.stem] for term in query.terms}

    async def _ask(self, question: Callable[[Index], Awaitable[T]]) -> T:
        if time.monotonic() >= self._try_index_at:
            try:
                answer = await question(self._index)
            except IndexUnusable as why:
                if self._serving is self._index:
                    log.warning("recall.redisearch_lost", mind=self._mind, why=str(why))
                self._try_index_at = time.monotonic() + _TRY_AGAIN_S
            else:
                self._serving = self._index
                return answer
        self._serving = self._fallback
        return await question(self._fallback)

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


async def _propose(wanted: Wanted, index: Index) -> Proposal:
    return await index.propose(wanted)


def _rare_first(query: Query, frequency: dict[str, int], memories: int) -> Iterator[Query]:
    """The rarest words of a query, as many as it takes to have a choice of memories, none that is
    in a good part of them, then all its words: what is everywhere finds much and tells little.
    """
    rarest = sorted(query.terms, key=lambda term: frequency[term.stem])
    chosen: list[Term] = []
    for term in rarest:
        enough = sum(frequency[one.stem] for one in chosen) >= _CHOICE
        if enough or frequency[term.stem] > max(_CHOICE, memories // _PART):
            break
        chosen.append(term)
    if chosen and len(chosen) < len(rarest):
        yield Query(tuple(chosen))
    yield query


def _recalled(one: Ranked, fields: Fields, score: float, explain: bool) -> Recalled:
    reasons = one.reasons() if explain else ()
    return Recalled.of(one.trait.location, fields, score=score, reasons=reasons)
