"""Producers and people who intervene; what was promised to them is written in a book."""

import asyncio
import hashlib
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import RedisError

from thoughtstream import Mind, keys
from thoughtstream.attention.models import Action, Attended
from thoughtstream.config import RedisConfig, Settings
from thoughtstream.errors import InterventionRefused, RedisUnavailable
from thoughtstream.store.client import Client
from thoughtstream.store.connection import connect

MINDS = ("ana", "a mind: with {braces}", "意识")
WINDOWS = (*keys.STANDARD_WINDOWS, "inner voice: {x}")
VALUE_LENGTH = 64
REFRAMED = "seen otherwise: "

_WORDS = ("kettle", "garden", "letter", "winter", "music", "bridge", "river", "stairs", "bread",
          "window", "lamp", "rain")  # fmt: skip
_BAD: tuple[dict[str, str], ...] = (
    {"salience": "nan"}, {"salience": "inf"}, {"salience": "1e400"}, {"kind": "dream"},
    {"arousal": "-0.1"}, {"novelty": "text"}, {"note": "x" * 70_000},
)  # fmt: skip
_LOST_PAUSE_S = 0.05


@dataclass
class Book:
    """What was promised, by value, and when (seconds of the monotonic clock)."""

    acknowledged: dict[str, float] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)
    intervened: dict[str, tuple[str, float]] = field(default_factory=dict)
    maybe_intervened: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)


def value_of(seed: int, number: int) -> str:
    """The value of a thought: 64 hexadecimal digits that no other thought has."""
    return hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()


class Load:
    """Everybody who uses the minds while things break."""

    def __init__(self, settings: Settings, seed: int, per_second: float) -> None:
        self.book = Book()
        self._settings = settings
        self._seed = seed
        self._chance = random.Random(seed)
        self._per_second = per_second
        self._number = 0

    async def run(self, producers: int) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(producers):
                group.create_task(self._produce(self._per_second / producers))
            for mind in MINDS:
                group.create_task(self._intervene(mind))
            group.create_task(self._attend_by_hand())

    def _thought(self) -> tuple[str, dict[str, str]]:
        value, chance = value_of(self._seed, self._number), self._chance
        self._number += 1
        fields: dict[str, str] = {
            "content": " ".join([value, *chance.sample(_WORDS, 3)]),
            "salience": f"{chance.random():.4f}",
            "connection_relevance": f"{chance.random():.2f}",
            "kind": chance.choice(("", "", "episodic", "semantic")),
        }
        if chance.random() < 0.02:
            fields |= chance.choice(_BAD)
            self.book.bad.add(value)
        return value, fields

    async def _produce(self, per_second: float) -> None:
        """Plain XADDs, in batches. A batch without an answer is not sent again."""
        redis = connect(RedisConfig(url=self._settings.redis.url))
        try:
            while True:
                sent = await self._batch(redis)
                await asyncio.sleep(sent / per_second if sent else _LOST_PAUSE_S)
        finally:
            await redis.aclose()

    async def _batch(self, redis: Client) -> int:
        """Returns how many were sent; none if there was no answer."""
        batch = [self._thought() for _ in range(self._chance.choice((1, 1, 5, 20)))]
        values = [value for value, _ in batch]
        self.book.unknown.update(values)
        try:
            answers = await self._send(redis, [fields for _, fields in batch])
        except RedisError:
            return 0
        now = time.monotonic()
        for value, answer in zip(values, answers, strict=True):
            if not isinstance(answer, Exception):
                self.book.unknown.remove(value)
                self.book.acknowledged[value] = now
        return len(batch)

    async def _send(self, redis: Client, thoughts: list[dict[str, str]]) -> list[Any]:
        pipe = redis.pipeline(transaction=False)
        for fields in thoughts:
            mind, window = self._chance.choice(MINDS), self._chance.choice(WINDOWS)
            entry: Any = fields
            pipe.xadd(keys.WINDOW.key(mind=mind, window=window), entry)
        return await pipe.execute(raise_on_error=False)

    async def _intervene(self, name: str) -> None:
        """Changes some of what is attended, each thought at most once."""
        while True:
            try:
                async with Mind.connect(name, settings=self._settings) as mind:
                    async for thought in mind.attended():
                        if "recalled" not in thought.fields and self._chance.random() < 0.1:
                            await self._change(mind, thought)
            except RedisUnavailable:
                await asyncio.sleep(_LOST_PAUSE_S)

    async def _change(self, mind: Mind, thought: Attended) -> None:
        value = thought.content[:VALUE_LENGTH]
        changes: dict[Action, dict[str, Any]] = {
            "veto": {},
            "reframe": {"content": REFRAMED + value, "kind": "semantic"},
            "boost": {"salience": 1.0},
        }
        action = self._chance.choice(list(changes))
        try:
            await mind.intervene(thought.id, action, **changes[action])
        except InterventionRefused:
            self.book.done["interventions refused: too late"] += 1
        except RedisUnavailable:
            self.book.maybe_intervened.add(value)
            raise
        else:
            self.book.intervened[value] = (action, time.monotonic())

    async def _attend_by_hand(self) -> None:
        """A worker beside the services, on whatever mind."""
        while True:
            try:
                async with Mind.connect(self._chance.choice(MINDS), settings=self._settings) as m:
                    for _ in range(20):
                        await m.attend()
                        self.book.done["cycles by hand"] += 1
                        await asyncio.sleep(0.01)
            except RedisUnavailable:
                await asyncio.sleep(_LOST_PAUSE_S)
