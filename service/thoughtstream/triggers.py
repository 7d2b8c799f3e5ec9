"""Triggers: what is attended brings memories back, as thoughts in the `memory` window.

The loop thought → memory → thought can't run away: the memories that one thought brings back share
less salience than it has (`trigger_damping`), what would be too weak to compete stays away, and a
memory that came back is refractory for a while.
"""

import asyncio
import math
import time
from contextlib import suppress
from functools import lru_cache

from thoughtstream import keys
from thoughtstream.attention.models import Attended, NewThought
from thoughtstream.attention.windows import Windows
from thoughtstream.config import Settings
from thoughtstream.faults import Faults
from thoughtstream.language.words import Query, Term
from thoughtstream.measuring import service as metrics
from thoughtstream.measuring.measures import NOTHING, Measures
from thoughtstream.memory import fts5_index
from thoughtstream.memory.models import Recalled
from thoughtstream.memory.query import RecallQuery
from thoughtstream.memory.recall import Recall
from thoughtstream.store.client import Client

RECALLED = "recalled"
"""The field of a thought that came back: the id of its memory."""

_WINDOW = "memory"
_CANDIDATES = 10
_MOST_WAITING = 200
_MOST_MINDS = 256


class Triggers:
    """Brings memories back for the minds of one service, one thought after the other."""

    def __init__(
        self,
        redis: Client,
        settings: Settings,
        faults: Faults | None = None,
        measures: Measures = NOTHING,
    ) -> None:
        self._redis = redis
        self._measures = measures
        self._faults = faults or Faults()
        self._config = settings.memory
        self._threshold = settings.streams.forget_threshold
        self._most_bytes = settings.streams.max_thought_bytes
        self._waiting: asyncio.Queue[tuple[str, Attended]] = asyncio.Queue(_MOST_WAITING)
        measures.watch(metrics.TRIGGERS_WAITING, self._waiting.qsize)
        self._home = settings.home
        self._recall = lru_cache(_MOST_MINDS)(lambda mind: Recall(redis, mind, settings))

    def attended(self, mind: str, thought: Attended) -> None:
        """A thought was attended. If too many wait, it is skipped: a late memory is no use."""
        if not self._config.trigger_limit:
            return
        if self._waiting.full():
            self._measures.count(metrics.TRIGGERS, "dropped")
        else:
            self._waiting.put_nowait((mind, thought))

    def deleted(self, mind: str) -> None:
        """A mind was deleted: what recall keeps of it goes, too, and its index in this home."""
        self._recall.cache_clear()
        with suppress(OSError):  # it is derived: what stays of it is found out at the next recall
            fts5_index.remove(self._redis, mind, self._home)

    async def run(self) -> None:
        """Pull the triggers of what was attended, until cancelled.

        Raises:
            redis errors: Redis was lost; run it again once it is back.
        """
        while True:
            mind, thought = await self._waiting.get()
            if self._faults.rests(mind, "triggers"):
                continue
            with self._faults.alone(mind, "triggers"):
                try:
                    await self.pull(mind, thought)
                except Exception:
                    self._measures.count(metrics.TRIGGERS, "failed")
                    raise

    async def pull(self, mind: str, thought: Attended) -> list[str]:
        """Bring back what a thought recalls; returns the ids of the memories that came."""
        asked = RecallQuery(query=thought.content, limit=_CANDIDATES)
        recall, began = self._recall(mind), time.perf_counter()
        hits = await recall.search(asked)
        took, index = time.perf_counter() - began, (recall.index or "none").lower()
        self._measures.observe(metrics.RECALL, took, index)
        strength = min(thought.score, 1.0) * self._config.trigger_damping
        others = self._others(thought, hits)
        chosen = await self._fresh(mind, others)
        shares = _shares(strength, [relevance(thought.content, hit.content) for hit in chosen])
        came = []
        for hit, salience in zip(chosen, shares, strict=True):
            if salience >= self._threshold and await self._rest(mind, hit.id):
                await self._bring(mind, thought, hit, salience)
                came.append(hit.id)
        rests = bool(others) and not chosen
        outcome = "brought" if came else "refractory" if rests else "nothing"
        self._measures.count(metrics.TRIGGERS, outcome)
        return came

    def _others(self, thought: Attended, hits: list[Recalled]) -> list[Recalled]:
        """The hits that are not the thought itself."""
        own = {thought.id, thought.fields.get(RECALLED)}
        return [hit for hit in hits if hit.id not in own]

    async def _fresh(self, mind: str, others: list[Recalled]) -> list[Recalled]:
        """The best of them that are not refractory."""
        pipe = self._redis.pipeline(transaction=False)
        for hit in others:
            pipe.exists(keys.REFRACTORY.key(mind=mind, id=hit.id))
        resting = await pipe.execute() if others else []
        fresh = [hit for hit, is_resting in zip(others, resting, strict=True) if not is_resting]
        return fresh[: self._config.trigger_limit]

    async def _rest(self, mind: str, memory: str) -> bool:
        """Make a memory refractory; False if another service was faster."""
        key = keys.REFRACTORY.key(mind=mind, id=memory)
        return bool(await self._redis.set(key, 1, nx=True, px=self._config.trigger_refractory_ms))

    async def _bring(self, mind: str, thought: Attended, hit: Recalled, salience: float) -> None:
        recalled = NewThought(
            content=hit.content,
            window=_WINDOW,
            salience=salience,
            source="trigger",
            extra={RECALLED: hit.id, "triggered_by": thought.id},
        )
        await Windows(self._redis, mind, self._most_bytes).write([recalled])


def relevance(thought: str, memory: str) -> float:
    """How much a memory is about the same as a thought, 0..1: the cosine of their words."""
    one, other = _telling(thought), _telling(memory)
    if not one or not other:
        return 0.0
    return min(_shared(one, other), _shared(other, one)) / math.sqrt(len(one) * len(other))


def _shared(some: tuple[Term, ...], others: tuple[Term, ...]) -> int:
    """How many words are among the others, in whatever language either text is."""
    forms = frozenset(form for term in others for form in term.forms)
    return sum(not forms.isdisjoint(term.forms) for term in some)


@lru_cache(maxsize=1024)
def _telling(text: str) -> tuple[Term, ...]:
    return Query.of(text).terms


def _shares(strength: float, relevances: list[float]) -> list[float]:
    """Each memory's salience: by its relevance, and together no more than `strength`."""
    total = sum(relevances)
    return [strength * one / max(total, 1.0) for one in relevances]
