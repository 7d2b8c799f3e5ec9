"""What is asked for twice under one idempotency key is one thought, whoever dies in between."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.servers import RedisServer
from thoughtstream import Mind, keys
from thoughtstream.config import Settings
from thoughtstream.errors import InvalidThought, KeyReused, MemoryFull, RedisUnavailable


@pytest.fixture
async def mind(redis: Any, settings: Settings) -> AsyncIterator[Mind]:
    async with Mind.connect("ana", settings=settings) as mind:
        yield mind


@pytest.mark.parametrize("how", ["think", "anchor"])
async def test_one_key_is_one_thought(mind: Mind, redis: Any, how: str) -> None:
    ask = getattr(mind, how)

    async def once() -> str:
        return str(await ask("tea", window="emotion", arousal=0.5, idempotency_key="a {key}"))

    ids = await asyncio.gather(*(once() for _ in range(20)))
    assert set(ids) == {await once()}
    written = [
        *await redis.xrange(keys.WINDOW.key(mind="ana", window="emotion")),
        *await redis.xrange(keys.EPISODIC.key(mind="ana")),
    ]
    assert len(written) == 1
    other = await ask("tea", window="emotion", arousal=0.5, idempotency_key="another")
    assert other not in ids
    while (await mind.attend()).more:
        pass
    assert (await mind.audit()).balanced


@pytest.mark.parametrize(
    "other",
    [{"content": "coffee"}, {"window": "emotion"}, {"salience": 0.6}, {"source": "bob"}],
)
@pytest.mark.parametrize("how", ["think", "anchor"])
async def test_another_body_is_refused(mind: Mind, how: str, other: dict[str, Any]) -> None:
    body = {"content": "tea", "salience": 0.5}
    first = await getattr(mind, how)(**body, idempotency_key="k")
    with pytest.raises(KeyReused, match=r"idempotency_key: 'k' was another thought's"):
        await getattr(mind, how)(**(body | other), idempotency_key="k")
    assert await getattr(mind, how)(**body, idempotency_key="k") == first


async def test_thinking_is_not_anchoring(mind: Mind) -> None:
    await mind.think("tea", idempotency_key="k")
    with pytest.raises(KeyReused):
        await mind.anchor("tea", idempotency_key="k")


async def test_a_key_is_of_one_mind_and_for_a_day(
    mind: Mind, redis: Any, settings: Settings
) -> None:
    await mind.think("tea", idempotency_key="k")
    async with Mind.connect("bob", settings=settings) as bob:
        await bob.think("coffee", idempotency_key="k")
    day = keys.ASKED.ttl_s or 0
    assert day - 60 < await redis.ttl(keys.ASKED.key(mind="ana", key="k")) <= day == 86_400


async def test_a_refused_thought_takes_no_key(mind: Mind, redis: Any) -> None:
    for bad in ("", "x" * 1001):
        with pytest.raises(InvalidThought, match="idempotency_key: "):
            await mind.think("tea", idempotency_key=bad)
    with pytest.raises(InvalidThought, match="size"):
        await mind.anchor("x" * 10_000_000, idempotency_key="k")
    await redis.set(keys.WINDOW.key(mind="ana", window="odd"), "no stream")
    with pytest.raises(InvalidThought, match="can't take thoughts"):
        await mind.think("tea", window="odd", idempotency_key="k")
    assert not await redis.exists(keys.ASKED.key(mind="ana", key="k"))
    await mind.think("tea", idempotency_key="k")


async def test_a_full_server_refuses_it_with_its_key(
    mind: Mind, redis: Any, server: RedisServer
) -> None:
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(MemoryFull):
            await mind.think("tea", idempotency_key="k")
    finally:
        await redis.config_set("maxmemory", 0)
    assert not await redis.exists(keys.ASKED.key(mind="ana", key="k"))


@pytest.mark.parametrize("how", ["think", "anchor"])
async def test_what_was_written_although_no_answer_came(
    redis: Any, server: RedisServer, settings: Settings, how: str
) -> None:
    """Nobody knows whether it was; asked again, it is one thought."""
    hasty = settings.redis.model_copy(update={"timeout_s": 0.1, "patience_s": 0})
    async with Mind.connect("ana", settings=settings.model_copy(update={"redis": hasty})) as mind:
        ask = getattr(mind, how)
        await mind.think("another", window="memory", idempotency_key="another")
        with server.frozen(), pytest.raises(RedisUnavailable):
            await ask("tea", idempotency_key="k")
        id_ = await ask("tea", idempotency_key="k")
        written = [
            *await redis.xrange(keys.WINDOW.key(mind="ana", window="sensory")),
            *await redis.xrange(keys.EPISODIC.key(mind="ana")),
        ]
        assert len(written) == 1
        assert id_.startswith(written[0][0]) or written[0][1]["id"] == id_
