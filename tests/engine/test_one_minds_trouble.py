"""Whatever goes wrong in one mind ends or pauses that mind only; all others are served."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.engine.garbage import TYPES, key_of, per_mind, spoil
from tests.services import running, until
from thoughtstream import Mind, keys
from thoughtstream.config import MemoryConfig, Settings
from thoughtstream.store.connection import connect

MIND = "spoilt"
SEEDS = range(4)


@pytest.fixture
def lively(quick: Settings) -> Settings:
    """Memories come back, and minds sleep all the time."""
    memory = MemoryConfig(trigger_refractory_ms=1, sleep_every_s=1)
    return quick.model_copy(update={"memory": memory})


@asynccontextmanager
async def raw(settings: Settings) -> AsyncIterator[Any]:
    """A client of bytes."""
    async with connect(settings.redis) as redis:
        yield redis


async def lives(task: asyncio.Task[None], settings: Settings, name: str) -> None:
    """Another mind attends, remembers and recalls what it is told now."""
    async with Mind.connect(name, settings=settings) as mind:
        said = f"the kettle of {name} whistles"
        thought = await mind.think(said, salience=0.9)

        async def recalled() -> bool:
            if task.done():
                task.result()
            return thought in [hit.id for hit in await mind.recall(said, limit=100)]

        await until(recalled)


@pytest.mark.parametrize("seed", SEEDS)
async def test_garbage_in_every_key_of_a_mind(redis: Any, lively: Settings, seed: int) -> None:
    dice = random.Random(seed)
    families = [family for family in keys.FAMILIES if per_mind(family)]
    async with running(lively) as task, Mind.connect(MIND, settings=lively) as mind:
        await mind.think("there is a kettle")
        for round_ in range(8):
            for family in dice.sample(families, len(families)):
                for window in ("x", "sensory"):
                    key = key_of(family, mind=MIND, window=window)
                    await spoil(redis, key, dice.choice((*TYPES, family.type)), dice)
            for family in (keys.SEMANTIC, keys.LEDGER):  # as if all else were well
                await redis.delete(family.key(mind=MIND))
            await redis.publish(keys.FOUND_CHANNEL, keys.WINDOW.key(mind=MIND, window="x"))
            await lives(task, lively, f"other {round_ % 3}")
        assert not task.done()
    async with running(lively) as task:  # and the next start
        await lives(task, lively, "other")


@pytest.mark.parametrize("seed", SEEDS)
async def test_garbage_in_keys_of_no_mind(redis: Any, lively: Settings, seed: int) -> None:
    dice = random.Random(seed)
    families = [family for family in keys.FAMILIES if not per_mind(family)]
    names = {"queue": "memory:consolidation", "part": "0"}
    async with running(lively) as task:
        for round_ in range(6):
            for family in dice.sample(families, len(families)):
                await spoil(redis, key_of(family, **names), dice.choice(TYPES), dice)
            await lives(task, lively, f"other {round_ % 3}")
        assert not task.done()
    async with running(lively) as task:
        await lives(task, lively, "other")


@pytest.mark.parametrize(
    "key",
    [b"thought:{\xff}:window:sensory", b"thought:{spoilt}:window:\xff\xfe",
     b"thought:{\xed\xa0\x80}:window:x", b"thought:{a\nb}:window:x"],
)  # fmt: skip
async def test_a_window_or_mind_whose_name_is_no_text(
    redis: Any, lively: Settings, key: bytes
) -> None:
    async with running(lively) as task:
        await redis.xadd(key, {"content": "is anybody there?"})
        await redis.xadd(keys.WINDOW.key(mind=MIND, window="x"), {"content": b"caf\xe9 \xff\xfe"})
        await lives(task, lively, "ana")
    async with running(lively) as task:
        await lives(task, lively, MIND)


@pytest.mark.parametrize(
    ("entry", "fields"),
    [
        ("18446744073709551615-7", {"id": "1-1@x", "content": "the kettle is on"}),
        ("*", {"id": "", "content": "the kettle is on"}),
        ("*", {"id": "1-1@x"}),
        ("*", {"content": b"the kettle is \xff", "id": b"\xff", "window": b"\xfe"}),
        ("*", {"content": "the kettle", "attended_at": "9" * 30, "at": "-9" * 30, "score": "x"}),
        ("*", {"content": "the kettle", "attended_at": "999999999999999999"}),
    ],
)
@pytest.mark.parametrize("kind", sorted(keys.MEMORIES))
async def test_a_memory_written_by_hand(
    redis: Any, lively: Settings, kind: str, entry: str, fields: dict[str, Any]
) -> None:
    async with running(lively) as task:
        await redis.xadd(keys.MEMORIES[kind].key(mind=MIND), fields, id=entry)
        async with Mind.connect(MIND, settings=lively) as mind:
            await mind.think("where is the kettle?")
            await lives(task, lively, "ana")
            await mind.recall("the kettle")
    async with running(lively) as task:
        await lives(task, lively, "ana")
