"""A Redis that forgets its code or its data, fails over or is too old."""

import asyncio
from typing import Any

import pytest
from redis.exceptions import ResponseError

from tests.engine.flow import at_rest, client_of, flow, more
from tests.servers import RedisServer
from tests.services import running, until
from thoughtstream import Mind
from thoughtstream.config import ConfigError, Settings
from thoughtstream.store import connection


@pytest.mark.parametrize("flush", ["function_flush", "script_flush"])
async def test_code_that_is_flushed_under_load_comes_back(
    redis: Any, quick: Settings, flush: str
) -> None:
    async with running(quick) as service, flow("ana", quick) as acknowledged:
        for _ in range(20):
            await getattr(redis, flush)()
            await more(acknowledged, 5)
        assert not service.done()
    async with running(quick), Mind.connect("ana", settings=quick) as mind:
        await at_rest(mind, len(acknowledged))


async def test_after_flushall_under_load_a_mind_begins_anew(redis: Any, quick: Settings) -> None:
    async with running(quick) as service, Mind.connect("ana", settings=quick) as mind:
        async with flow("ana", quick) as acknowledged:
            for _ in range(5):
                await more(acknowledged)
                await redis.flushall()
            await more(acknowledged)
        await redis.flushall()
        ids = [await mind.think(f"new {number}", salience=0.9) for number in range(3)]
        audit = await at_rest(mind, 3)
        assert not service.done()

        async def all_recalled() -> bool:
            return {hit.id for hit in await mind.recall("new")} == set(ids)

        await until(all_recalled)
        assert audit.anchored == 3


async def test_an_old_redis_is_named_with_the_cure(
    redis: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = (await redis.info("server"))["redis_version"]
    monkeypatch.setattr(connection, "OLDEST", (99, 0))
    told = rf"redis\.url: this is Redis {version}; run 99\.0 or newer"
    with pytest.raises(ConfigError, match=told):
        async with running(settings):
            pass
    with pytest.raises(ConfigError, match=told):
        async with Mind.connect("ana", settings=settings):
            pass


async def test_a_server_that_fails_over_is_waited_for(
    own_server: RedisServer, own: Settings
) -> None:
    async with client_of(own) as redis, running(own) as service, flow("ana", own) as acknowledged:
        await more(acknowledged)
        await redis.replicaof("127.0.0.1", "1")  # it is only a replica now, of nobody
        with pytest.raises(ResponseError):
            await redis.set("x", 1)
        await asyncio.sleep(1.5)  # some heartbeats fail
        assert not service.done()
        await redis.replicaof("NO", "ONE")
        await more(acknowledged)
    async with running(own), Mind.connect("ana", settings=own) as mind:
        await at_rest(mind, len(acknowledged))
