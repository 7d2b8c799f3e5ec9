"""What the memories of a mind mean: their vectors, kept beside them, and which are near a question.

Vectors are derived from the streams: whoever finds a memory without one computes it, in the order
of the stream, and anybody may stop at any time: what is kept is kept. Those of another embedder
are discarded, as are those of memories that are gone. Needs numpy.
"""

import asyncio
import inspect
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import structlog
from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.memory.embedder import Embedder, EmbedderFailed
from thoughtstream.memory.models import Location
from thoughtstream.memory.space import Near, Vectors, packed
from thoughtstream.memory.streams import Fields, Head, Streams
from thoughtstream.store.client import Client

OWNER = "embedder"
"""The field of a hash of vectors that says whose they are; the others are entries."""

_BATCH = 500
_AT_A_RECALL = 200
"""Memories that get their vector while somebody waits for an answer; the service does the rest."""

_TRY_AGAIN_S = 60.0
_MOST_CHARACTERS = 8000

log = structlog.get_logger()


@dataclass
class _Pass:
    """How far the stream of a kind has been read; `since_first`: what was met from its begin on."""

    mark: str | None = None
    loaded: bool = False
    met: set[str] | None = field(default_factory=set)
    again_at: float = 0.0


class KeptMeaning:
    """The hashes `memory:{<mind>}:vectors:<kind>` of one mind, and what is in them."""

    def __init__(
        self, redis: Client, mind: str, streams: Streams, embedder: Embedder, name: str
    ) -> None:
        self._redis = redis
        self._mind = mind
        self._streams = streams
        self._embedder = embedder
        self._name = name
        self._vectors = Vectors()
        self._passes = {kind: _Pass() for kind in keys.MEMORIES}
        self._lock = asyncio.Lock()
        self._try_again_at = 0.0

    async def near(self, question: str) -> Near | None:
        """How near the memories are to a question; None if the embedder fails, for then recall
        goes by words alone.
        """
        if time.monotonic() < self._try_again_at:
            return None
        async with self._lock:
            try:
                [vector] = await self._embed([question])
                heads = self._streams.known or await self._streams.heads()
                await self._catch_up(len(vector), heads, _AT_A_RECALL)
            except (ResponseError, EmbedderFailed) as error:  # may not write, or Redis is full
                self._try_again_at = time.monotonic() + _TRY_AGAIN_S
                log.warning("recall.no_vectors", mind=self._mind, why=str(error))
                return None
            return self._vectors.near(vector)

    async def complete(self) -> int:
        """Give every memory its vector; returns how many were missing.

        Raises:
            EmbedderFailed: it raised an error, or its answer is no vectors.
        """
        async with self._lock:
            [vector] = await self._embed(["a text"])
            return await self._catch_up(len(vector), await self._streams.heads(), None)

    # --- keeping -----------------------------------------------------------------------------
    async def _catch_up(self, dimensions: int, heads: dict[str, Head], most: int | None) -> int:
        """Read what is kept, and compute what is missing, at most so many; returns how many."""
        made = 0
        for kind, passed in self._passes.items():
            if not passed.loaded:
                await self._load(kind, dimensions)
                passed.loaded = True
            head = heads[kind]
            is_read = head.last is None or Location(kind, head.last) in self._vectors
            if not is_read or self._vectors.count(kind) != head.length:
                left = None if most is None else most - made
                made += await self._go_on(kind, passed, dimensions, left)
        return made

    async def _load(self, kind: str, dimensions: int) -> None:
        key, owner = self._key(kind), f"{self._name}/{dimensions}"
        kept: Any = await self._redis.hgetall(key)
        if kept and kept.pop(OWNER, None) != owner:
            await self._redis.delete(key)
            kept = {}
        rows = {Location(kind, entry): _bytes(value) for entry, value in kept.items()}
        whole = {one: row for one, row in rows.items() if len(row) == dimensions}
        self._vectors.add(whole)

    async def _go_on(self, kind: str, passed: _Pass, dimensions: int, most: int | None) -> int:
        """Go on through the stream, from where it was left, to its end, or until so many
        vectors were made.
        """
        made = 0
        while most is None or made < most:
            found = await self._streams.since(kind, passed.mark)
            fresh = [memory for memory in found if memory[0].entry != passed.mark]
            if not fresh:
                await self._ended(kind, passed)
                break
            missing = [memory for memory in fresh if memory[0] not in self._vectors]
            if most is not None and len(missing) > most - made:
                missing = missing[: most - made]
                fresh = fresh[: fresh.index(missing[-1]) + 1]
            for at in range(0, len(missing), _BATCH):
                made += await self._keep(kind, missing[at : at + _BATCH], dimensions)
            passed.mark = fresh[-1][0].entry
            if passed.met is not None:
                passed.met.update(location.entry for location, _ in fresh)
        return made

    async def _ended(self, kind: str, passed: _Pass) -> None:
        """At the end of the stream: what was not met in all of it is gone from it. If it was not
        read from its begin, and something seems to be gone, it will be, once in a while.
        """
        if passed.met is not None:
            gone = [one for one in self._vectors.of_kind(kind) if one.entry not in passed.met]
            self._vectors.drop(gone)
            if gone:
                await self._redis.hdel(self._key(kind), *(one.entry for one in gone))
            passed.met, passed.again_at = None, time.monotonic() + _TRY_AGAIN_S
        elif time.monotonic() >= passed.again_at:
            passed.mark, passed.met = None, set()

    async def _keep(
        self, kind: str, memories: list[tuple[Location, Fields]], dimensions: int
    ) -> int:
        """Take those that others have kept meanwhile, and make the others; returns how many."""
        key, entries = self._key(kind), [location.entry for location, _ in memories]
        answer: Any = await self._redis.hmget(key, [OWNER, *entries])
        owner, *kept = answer
        ours = f"{self._name}/{dimensions}"
        found = {
            location: _bytes(row or "") for (location, _), row in zip(memories, kept, strict=True)
        }
        rows = {one: row for one, row in found.items() if owner == ours and len(row) == dimensions}
        missing = [memory for memory in memories if memory[0] not in rows]
        if missing:
            contents = [keys.readable(fields.get("content", "")) for _, fields in missing]
            vectors = await self._embed(contents)
            made = {at: packed(vector) for (at, _), vector in zip(missing, vectors, strict=True)}
            fields: Any = {OWNER: ours} | {location.entry: row for location, row in made.items()}
            await self._redis.hset(key, mapping=fields)
            rows |= made
        self._vectors.add(rows)
        return len(missing)

    def _key(self, kind: str) -> str:
        return keys.VECTORS.key(mind=self._mind, kind=kind)

    async def _embed(self, texts: list[str]) -> Any:
        texts = [text[:_MOST_CHARACTERS] for text in texts]
        try:
            found = await asyncio.to_thread(self._embedder.embed, texts)
            if inspect.isawaitable(found):
                found = await found
            vectors = np.asarray(found, dtype=np.float32)
        except Exception as error:  # somebody else's code
            raise EmbedderFailed(f"memory.embedder: {self._name}: {error!r}") from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise EmbedderFailed(f"memory.embedder: {self._name}: gives no vector a text")
        return vectors


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
