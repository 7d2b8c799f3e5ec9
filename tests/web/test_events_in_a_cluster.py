"""The event stream where each mind is on another server."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from tests import clusters
from tests.servers import DEBIAN, RedisServer, programs
from tests.web.served import served
from tests.web.streams import reading
from thoughtstream import Mind
from thoughtstream.config import RedisConfig, Settings

pytestmark = pytest.mark.slow

MINDS = [f"mind {number}" for number in range(6)]


async def test_minds_are_told_of_wherever_they_are(tmp_path: Path) -> None:
    make = partial(RedisServer, programs()[DEBIAN])
    directory = tmp_path / "cluster"
    directory.mkdir()
    with clusters.cluster(directory, make) as url:
        settings = Settings(home=tmp_path / "home", redis=RedisConfig(url=url))
        async with served(settings) as web, AsyncExitStack() as stack:
            streams = []
            for name in MINDS:
                stream = await stack.enter_async_context(reading(web, mind=name))
                await stream.until("state")
                streams.append(stream)
                mind = await stack.enter_async_context(Mind.connect(name, settings=settings))
                await mind.think(f"of {name}", salience=0.9)
                await mind.attend()
            told = await asyncio.gather(*(stream.until("attended") for stream in streams))
            assert [event.data["content"] for event in told] == [f"of {name}" for name in MINDS]
            tiles = await stack.enter_async_context(reading(web, view="minds"))
            items = (await tiles.until("minds")).data["items"]
            assert [item["last"]["content"] for item in items] == [f"of {name}" for name in MINDS]
            whole = await stack.enter_async_context(reading(web, view="redis"))
            assert len((await whole.until("redis")).data["nodes"]) == clusters.MASTERS
