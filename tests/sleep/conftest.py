"""A mind that is put to sleep."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from tests.servers import RedisServer
from thoughtstream import Mind
from thoughtstream.config import RedisConfig, Settings
from thoughtstream.store.connection import connect


@pytest.fixture
async def mind(redis: Any, settings: Settings) -> AsyncIterator[Mind]:
    async with Mind.connect("ana", settings=settings) as mind:
        yield mind


@pytest.fixture
def on_server(server: RedisServer) -> Iterator[Callable[[Any], Any]]:
    """Runs something with a client and a mind on an empty server."""

    async def clean(work: Any) -> Any:
        settings = Settings(redis=RedisConfig(url=server.url))
        redis = connect(settings.redis)
        try:
            await redis.flushdb()
            async with Mind.connect("ana", settings=settings) as mind:
                return await work(redis, mind)
        finally:
            await redis.aclose()

    with asyncio.Runner() as runner:
        yield lambda work: runner.run(clean(work))
