"""One server that restarts: who uses its minds notices a pause, and loses nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis

from tests.servers import RedisServer, wait_until
from tests.services import until
from thoughtstream import Colony, Mind, NewTask, NewThought, keys, sync
from thoughtstream.config import Settings
from thoughtstream.errors import RedisUnavailable

WRITERS = 8
WINDOW = keys.WINDOW.key(mind="ana", window="sensory")


@dataclass
class Said:
    """What those who use a mind were told; thoughts by what they say."""

    acknowledged: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    recalls: int = 0


Think = Callable[[Mind, str], Awaitable[str]]


async def plainly(mind: Mind, content: str) -> str:
    return await mind.think(content)


async def under_a_key(mind: Mind, content: str) -> str:
    return await mind.think(content, idempotency_key=content)


@asynccontextmanager
async def in_use(settings: Settings, think: Think) -> AsyncIterator[Said]:
    """A mind into which many write without a pause, and which is asked, until the context ends."""
    said, over = Said(), asyncio.Event()

    async def write(mind: Mind, name: int) -> None:
        count = 0
        while not over.is_set():
            content, count = f"thought {count} of {name}", count + 1
            try:
                await think(mind, content)
                said.acknowledged.append(content)
            except RedisUnavailable:
                said.unanswered.append(content)
                await asyncio.sleep(0)  # others have their turn, too

    async def ask(mind: Mind) -> None:
        while not over.is_set():
            assert [found.content for found in await mind.recall("kettle")] == ["the kettle"]
            said.recalls += 1

    async with Mind.connect("ana", settings=settings) as mind, asyncio.TaskGroup() as group:
        await mind.anchor("the kettle")
        group.create_task(ask(mind))
        for name in range(WRITERS):
            group.create_task(write(mind, name))
        try:
            yield said
        finally:
            over.set()


async def more(said: Said) -> None:
    """Wait for further thoughts and answers."""
    thoughts, recalls = len(said.acknowledged), said.recalls

    async def come() -> bool:
        return len(said.acknowledged) > thoughts + 100 and said.recalls > recalls + 10

    await until(come)


async def restart(server: RedisServer) -> None:
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)


async def refuse_writes(server: RedisServer) -> None:
    """As `deploy.restart` does before it stops Redis; each writer has heard of it."""

    def refuse() -> None:
        with server.client() as client:
            client.config_set("min-replicas-to-write", 1)
            wait_until(lambda: refusals(client) >= WRITERS, "all writers are refused")

    def refusals(client: redis.Redis) -> int:
        info: Any = client.info("errorstats")
        return int(info.get("errorstat_NOREPLICAS", {}).get("count", 0))

    await asyncio.to_thread(refuse)


async def leave_alone(_: RedisServer) -> None:
    """As whoever restarts Redis without `deploy.restart`."""


def written(server: RedisServer) -> list[str]:
    with server.client() as client:
        entries: Any = client.xrange(WINDOW)
    return [fields["content"] for _, fields in entries]


@pytest.mark.parametrize(
    ("think", "prepare", "unsure"),
    [(plainly, refuse_writes, 0), (under_a_key, leave_alone, 0), (plainly, leave_alone, WRITERS)],
    ids=["prepared", "under keys", "unprepared"],
)
async def test_a_restart_is_a_pause(
    own_server: RedisServer,
    own: Settings,
    think: Think,
    prepare: Callable[[RedisServer], Awaitable[None]],
    unsure: int,
) -> None:
    """`unsure`: of so many thoughts the answer may be lost, and who had them is told."""
    async with in_use(own, think) as said:
        await more(said)
        await prepare(own_server)
        await restart(own_server)
        await more(said)
    there = written(own_server)
    assert len(there) == len(set(there))
    assert set(said.acknowledged) <= set(there) <= {*said.acknowledged, *said.unanswered}
    assert len(said.unanswered) <= unsure


async def test_who_has_a_colony_waits_too_whatever_is_sent(
    own_server: RedisServer, own: Settings
) -> None:
    """Single commands, many at once, and what has to be durable, while nobody is there."""
    async with Colony.connect(settings=own) as colony, Mind.connect("ana", settings=own) as mind:
        first = await colony.queue("jobs").submit(NewTask("one"))
        await asyncio.to_thread(own_server.stop)
        waiting = asyncio.gather(
            colony.queue("jobs").submit(NewTask("two")),
            colony.agents(),
            mind.feed([NewThought.of("tea"), NewThought.of("coffee")]),
            mind.anchor("the kettle"),
        )
        await asyncio.to_thread(own_server.start)
        other, _, thoughts, anchored = await waiting
        assert other != first
        assert written(own_server) == ["tea", "coffee"]
        assert len({*thoughts, anchored}) == 3


def test_who_has_no_event_loop_waits_too(own_server: RedisServer, own: Settings) -> None:
    with sync.Mind.connect("ana", settings=own) as mind, ThreadPoolExecutor() as pool:
        own_server.stop()
        thought = pool.submit(mind.think, "tea")
        own_server.start()
        assert thought.result().endswith("@sensory")
    assert written(own_server) == ["tea"]


async def test_who_waited_long_enough_is_told(own_server: RedisServer, own: Settings) -> None:
    hasty = own.redis.model_copy(update={"patience_s": 0.1})
    async with Mind.connect("ana", settings=own.model_copy(update={"redis": hasty})) as mind:
        await asyncio.to_thread(own_server.stop)
        for call in (mind.think("tea"), mind.anchor("tea"), mind.recall("tea")):
            with pytest.raises(RedisUnavailable, match=r"Redis does not answer: .*; is it up\?"):
                await call
        await asyncio.to_thread(own_server.start)
        await mind.think("coffee")
    assert written(own_server) == ["coffee"]
