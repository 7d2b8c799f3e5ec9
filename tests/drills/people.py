"""Clients of the drill of conservation: producers of plain XADDs, people who intervene, and a
worker by hand. What was promised to them stands in their books.
"""

import asyncio
import random
from collections.abc import Coroutine
from itertools import count
from typing import Any

from redis.exceptions import RedisError

from tests.drills.book import Log
from tests.drills.writers import digest
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
ACTIONS: tuple[Action, ...] = ("veto", "reframe", "boost")

_WORDS = ("kettle", "garden", "letter", "winter", "music", "bridge", "river", "stairs", "bread",
          "window", "lamp", "rain")  # fmt: skip
_BAD: tuple[dict[str, str], ...] = (
    {"salience": "nan"}, {"salience": "inf"}, {"salience": "1e400"}, {"kind": "dream"},
    {"arousal": "-0.1"}, {"novelty": "text"}, {"note": "x" * 70_000},
)  # fmt: skip
_LOST_PAUSE_S = 0.05
_LOOK_S = 0.05
_CONNECTIONS = 4


def produce(settings: Settings, seed: int, per_second: float, log: Log) -> None:
    """Plain XADDs at this rate, by several connections."""
    producer = _Producer(log, random.Random(f"{seed}:{log.name_of()}"))
    rate = per_second / _CONNECTIONS
    work = [producer.run(settings.redis.url, rate) for _ in range(_CONNECTIONS)]
    asyncio.run(_until_over(log, *work))


def intervene(settings: Settings, seed: int, log: Log) -> None:
    """People who change some of what is attended, and one who attends by hand."""
    chance = random.Random(f"{seed}:{log.name_of()}")
    people = [_intervene(name, settings, chance, log) for name in MINDS]
    asyncio.run(_until_over(log, *people, _attend_by_hand(settings, chance, log)))


async def _until_over(log: Log, *work: Coroutine[Any, Any, None]) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
        while not log.over:  # noqa: ASYNC110  # it is another process that says so
            await asyncio.sleep(_LOOK_S)
        for task in tasks:
            task.cancel()


class _Producer:
    """A batch that has no answer is not sent again."""

    def __init__(self, log: Log, chance: random.Random) -> None:
        self._log = log
        self._chance = chance
        self._numbers = count()

    async def run(self, url: str | None, per_second: float) -> None:
        redis = connect(RedisConfig(url=url))
        try:
            while True:
                sent = await self._batch(redis)
                await asyncio.sleep(sent / per_second if sent else _LOST_PAUSE_S)
        finally:
            await redis.aclose()

    async def _batch(self, redis: Client) -> int:
        """Returns how many were sent; none if there was no answer."""
        batch = [self._thought() for _ in range(self._chance.choice((1, 1, 5, 20)))]
        pipe = redis.pipeline(transaction=False)
        for mind, _, fields in batch:
            entry: Any = fields
            window = self._chance.choice(WINDOWS)
            pipe.xadd(keys.WINDOW.key(mind=mind, window=window), entry)
        try:
            answers = await pipe.execute(raise_on_error=False)
        except RedisError:
            return 0
        for (mind, value, _), answer in zip(batch, answers, strict=True):
            if not isinstance(answer, Exception):
                self._log.acknowledged(mind, value)
        return len(batch)

    def _thought(self) -> tuple[str, str, dict[str, str]]:
        """A mind, a value and the fields of a thought."""
        chance = self._chance
        mind, value = chance.choice(MINDS), digest(self._log.name_of(next(self._numbers)))
        fields: dict[str, str] = {
            "content": " ".join([value, *chance.sample(_WORDS, 3)]),
            "salience": f"{chance.random():.4f}",
            "connection_relevance": f"{chance.random():.2f}",
            "kind": chance.choice(("", "", "episodic", "semantic")),
        }
        self._log.sent(mind, value)
        if chance.random() < 0.02:
            fields |= chance.choice(_BAD)
            self._log.note("bad", mind, value)
        return mind, value, fields


async def _intervene(name: str, settings: Settings, chance: random.Random, log: Log) -> None:
    """Changes some of what is attended, each thought at most once."""
    while True:
        try:
            async with Mind.connect(name, settings=settings) as mind:
                async for thought in mind.attended():
                    if "recalled" not in thought.fields and chance.random() < 0.1:
                        await _change(mind, thought, chance.choice(ACTIONS), log)
        except RedisUnavailable:
            await asyncio.sleep(_LOST_PAUSE_S)


async def _change(mind: Mind, thought: Attended, action: Action, log: Log) -> None:
    value = thought.content[:VALUE_LENGTH]
    changes: dict[Action, dict[str, Any]] = {
        "veto": {},
        "reframe": {"content": REFRAMED + value, "kind": "semantic"},
        "boost": {"salience": 1.0},
    }
    log.note("asked", mind.name, value)
    try:
        await mind.intervene(thought.id, action, **changes[action])
    except InterventionRefused:
        log.note("refused", mind.name, value)
    else:
        log.note(action, mind.name, value)


async def _attend_by_hand(settings: Settings, chance: random.Random, log: Log) -> None:
    """A worker beside the services, on whatever mind."""
    while True:
        try:
            async with Mind.connect(chance.choice(MINDS), settings=settings) as mind:
                for _ in range(20):
                    await mind.attend()
                    log.note("cycle", mind.name)
                    await asyncio.sleep(0.01)
        except RedisUnavailable:
            await asyncio.sleep(_LOST_PAUSE_S)
