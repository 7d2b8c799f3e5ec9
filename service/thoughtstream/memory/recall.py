"""Recall: the memories that answer a query.

An index proposes (RediSearch where the server has it, else SQLite's FTS5), the streams say what is
really there, and one ranking orders it: so both indexes give the same answers.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError

from thoughtstream.config import Settings
from thoughtstream.language.words import Query
from thoughtstream.memory.embedder import Near, meaning_of
from thoughtstream.memory.fts5_index import Fts5Index
from thoughtstream.memory.index import Index, IndexUnusable, Proposal
from thoughtstream.memory.models import Filters, Location, Memory, Recalled
from thoughtstream.memory.query import RecallQuery
from thoughtstream.memory.ranking import REACH, idf, scores
from thoughtstream.memory.redisearch_index import RediSearchIndex
from thoughtstream.memory.streams import Fields, Streams
from thoughtstream.memory.timeline import Surroundings, Timeline, place_in_time
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

_POOL = 24
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
        near = await self._meaning.near(asked.query) if self._meaning else None
        async with aclosing(self._answers(Query.of(asked.query), asked.filters, near)) as answers:
            async for recalled in answers:
                found.append(recalled)
                if len(found) == wanted:
                    break
        return found

    async def _answers(
        self, query: Query, filters: Filters, near: Near | None
    ) -> AsyncGenerator[Recalled]:
        """All answers, best first."""
        memories = sum((await self._streams.counts()).values())
        said: set[Location] = set()
        ceiling = float("inf")
        nearest = near.best(_POOL, filters.kind) if near else []
        async for pool, frequency in self._pools(query, filters, nearest):
            weights = {stem: idf(memories, count) for stem, count in frequency.items()}
            contents = [
                {location: pool.fields[location].get("content", "") for location in stretch}
                for stretch in pool.stretches
            ]
            found = scores(query, contents, weights, near.of if near else None)
            for location in sorted(found, key=lambda one: _rank(found[one], one, pool.fields[one])):
                fields = pool.fields[location]
                if (
                    found[location] > 0
                    and location not in said
                    and filters.accepts(location, fields)
                ):
                    said.add(location)
                    ceiling = min(ceiling, found[location])
                    yield Recalled.of(location, fields, score=ceiling)

    async def _pools(
        self, query: Query, filters: Filters, nearest: list[Location]
    ) -> AsyncGenerator[tuple[Surroundings, dict[str, int]]]:
        """What the index proposes, `_POOL` memories at a time, the first with what is nearest, each
        with its neighbours; and how many memories have each word.
        """
        known: set[Location] = set(nearest)
        waiting: list[Location] = list(nearest)
        frequency: dict[str, int] = {}
        size = _POOL + len(nearest)
        asked, ended = size, not query.terms
        while waiting or not ended:
            if len(waiting) < size and not ended:
                proposal = await self._propose(query, filters, asked)
                waiting += [location for location in proposal.locations if location not in known]
                known.update(proposal.locations)
                asked, ended, frequency = 2 * asked, proposal.is_all, proposal.frequency
                continue
            pool = await self._timeline.around(waiting[:size], REACH)
            gone = {location for location in waiting[:size] if location not in pool.fields}
            if gone:
                await self._forget(gone)
                waiting = [location for location in waiting if location not in gone]
            else:
                yield pool, frequency
                del waiting[:size]
                size = _POOL

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
        around = await self._timeline.around([Location(m.kind, m.entry) for m in found], reach)
        position = {
            location: (stretch, at)
            for stretch in around.stretches
            for at, location in enumerate(stretch)
        }

        def memories(locations: list[Location]) -> tuple[Memory, ...]:
            return tuple(Memory.of(location, around.fields[location]) for location in locations)

        complete = []
        for memory in found:
            stretch, at = position.get(Location(memory.kind, memory.entry), ([], 0))
            before, after = stretch[max(0, at - reach) : at], stretch[at + 1 : at + 1 + reach]
            neighbours = {"context_before": memories(before), "context_after": memories(after)}
            complete.append(memory.model_copy(update=neighbours))
        return complete


def _rank(score: float, location: Location, fields: Fields) -> tuple[float, str, str]:
    return -score, place_in_time(location, fields), location.kind
