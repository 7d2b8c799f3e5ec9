"""Following a stream: each entry is told once or counted, whatever is trimmed meanwhile."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.servers import RedisServer
from thoughtstream import keys
from thoughtstream.config import RedisConfig
from thoughtstream.faces.web.watching import following
from thoughtstream.faces.web.watching.following import Following
from thoughtstream.store.connection import connect

STREAM = keys.ASSEMBLED.key(mind="ana")

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 40)),
        st.tuples(st.just("trim"), st.integers(1, 30)),
        st.just(("read", 0)),
    ),
    max_size=30,
)


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_PAGE", 7)


@given(steps=STEPS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_entry_is_told_once_or_counted(server: RedisServer, steps: list[Any]) -> None:
    asyncio.run(_follow(server, steps))


async def _follow(server: RedisServer, steps: list[Any]) -> None:
    redis = connect(RedisConfig(url=server.url))
    try:
        await redis.flushall()
        written, told, dropped, stream = list[str](), list[str](), 0, Following(STREAM)
        await stream.read(redis)
        for what, number in [*steps, ("read", 100)]:
            if what == "add":
                for _ in range(number):
                    written.append(str(await redis.xadd(STREAM, {"content": "x"})))
            elif what == "trim":
                await redis.xtrim(STREAM, maxlen=number, approximate=False)
            else:
                for _ in range(max(number, 1)):
                    news = await stream.read(redis)
                    told += [entry for entry, _ in news.entries]
                    dropped += news.dropped or 0
                    if not news.entries:
                        break
        assert told == [entry for entry in written if entry in set(told)]
        assert len(told) + dropped == len(written)
    finally:
        await redis.aclose()


async def test_what_came_before_the_first_look_is_not_new(redis: Redis) -> None:
    await redis.xadd(STREAM, {"content": "before"})
    stream = Following(STREAM)
    assert (await stream.read(redis)).entries == []  # type: ignore[arg-type]
    entry = await redis.xadd(STREAM, {"content": "after"})
    assert [told for told, _ in (await stream.read(redis)).entries] == [entry]  # type: ignore[arg-type]
