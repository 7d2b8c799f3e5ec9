"""The API and the service on a Redis Cluster: the same, given the URL of one of its nodes."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import clusters
from tests.engine.test_connection import closed_by_a_cancelled_task
from tests.servers import RedisServer, programs
from tests.services import running, until
from thoughtstream import Mind, keys
from thoughtstream.attention.models import NewThought
from thoughtstream.config import RedisConfig, Settings, StreamConfig
from thoughtstream.store.connection import open_client


@pytest.fixture(scope="module", params=sorted(programs()))
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a node of a cluster of three primaries."""
    program = programs()[request.param]
    with clusters.cluster(tmp_path_factory.mktemp("cluster"), partial(RedisServer, program)) as url:
        yield url


async def test_minds_on_every_node_think_attend_and_remember(cluster: str, tmp_path: Path) -> None:
    streams = StreamConfig(working_memory_ttl_ms=3000, cycle_target_ms=5)
    settings = Settings(home=tmp_path, redis=RedisConfig(url=cluster), streams=streams)
    names = [f"mind {n}" for n in range(9)]
    async with running(settings):
        for name in names:
            async with Mind.connect(name, settings=settings) as mind:
                await mind.feed([NewThought(content=f"{name}: thought {n}") for n in range(3)])
                await mind.anchor(f"{name} was here")
        for name in names:
            async with Mind.connect(name, settings=settings) as mind:

                async def all_remembered(mind: Mind = mind) -> bool:
                    return (await mind.audit()).anchored == 4

                await until(all_remembered, most_s=30)
                assert (await mind.audit()).balanced
                assert {hit.content for hit in await mind.recall("thought")} >= {
                    f"{name}: thought {n}" for n in range(3)
                }
                assert (await mind.state()).memory_counts["episodic"] == 4


async def test_one_mind_by_hand(cluster: str, tmp_path: Path) -> None:
    async with Mind.connect("ana", cluster, settings=Settings(home=tmp_path)) as mind:
        thought = await mind.think("the kettle is on", window="inner voice")
        report = await mind.attend()
        assert report.attended is not None
        assert report.attended.id == thought
        await mind.intervene(thought, "veto")
        assert (await anext(mind.attended(since="0"))).id == thought


@pytest.mark.slow
async def test_who_waits_for_thoughts_to_win_keeps_nobody_busy(
    cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that has nothing to tell is not taken for one that is silent, and asked why."""
    monkeypatch.setattr("thoughtstream.store.cluster.SILENCE_S", 0.9)  # less than one question
    async with Mind.connect("bob", cluster, settings=Settings(home=tmp_path)) as mind:
        redis: Any = mind._redis
        key = keys.LEDGER.key(mind="bob")

        async def asked(command: str) -> int:
            stats: Any = await redis.info("commandstats", near=key)
            return int(stats.get(f"cmdstat_{command}", {"calls": 0})["calls"])

        async def asked_again() -> bool:
            return await asked("xread") >= 3

        pings = await asked("ping")
        watching = asyncio.ensure_future(anext(mind.attended()))
        await until(asked_again)
        assert await asked("ping") == pings
        await mind.think("the kettle is on")
        await mind.attend()
        assert (await watching).content == "the kettle is on"


async def test_who_is_cancelled_while_closing_has_closed_all(cluster: str, tmp_path: Path) -> None:
    for steps in range(6):
        redis = await open_client(RedisConfig(url=cluster))
        await asyncio.gather(*(redis.get(str(n)) for n in range(20)))
        connections = [one for node in redis.nodes().values() for one in node._connections]
        await closed_by_a_cancelled_task(redis, steps)
        assert connections
        assert [one for one in connections if one.is_connected] == []
