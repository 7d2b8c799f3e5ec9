"""What tests of agents use: a colony whose leases are short."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.servers import RedisServer
from thoughtstream.colony import Colony
from thoughtstream.config import AgentsConfig, QueueConfig, RedisConfig, Settings
from thoughtstream.store.client import Client

LEASE_S = 1


async def until(condition: Callable[[], Any]) -> None:
    """Wait for a condition; what it returns may be awaitable."""
    async with asyncio.timeout(30):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.01)


def short(url: str, home: Path) -> Settings:
    """Settings with leases of a second."""
    return Settings(
        home=home,
        redis=RedisConfig(url=url),
        agents=AgentsConfig(lease_s=LEASE_S),
        queue=QueueConfig(lease_s=LEASE_S),
    )


@pytest.fixture
def settings(server: RedisServer, tmp_path: Path) -> Settings:
    return short(server.url, tmp_path / "home")


@pytest.fixture
async def colony(redis: Client, settings: Settings) -> AsyncIterator[Colony]:
    async with Colony.connect(settings=settings) as made:
        yield made
