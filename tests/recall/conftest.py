"""A mind on every kind of server that recall knows, and what it remembers."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.recall.servers import settings_for, with_redisearch
from tests.servers import RedisServer, programs
from thoughtstream import Mind
from thoughtstream.config import Settings

REDISEARCH = "RediSearch"
FTS5 = tuple(f"FTS5 on {version}" for version in sorted(programs()))
KINDS = (REDISEARCH, *FTS5)


@dataclass(frozen=True)
class Place:
    """A server, and the index that recall has to use there."""

    index: str
    server: RedisServer


@pytest.fixture(scope="session", params=KINDS)
def shared_place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A server of each kind, shared by the tests; see `place`."""
    directory = tmp_path_factory.mktemp("redis")
    if request.param == REDISEARCH:
        server = with_redisearch(directory)
    else:
        server = RedisServer(programs()[request.param.removeprefix("FTS5 on ")], directory)
    yield Place(request.param.split()[0], server.start())
    server.stop()


@pytest.fixture
def place(shared_place: Place) -> Place:
    """A server with nothing in it."""
    with shared_place.server.client() as client:
        client.flushall()
    return shared_place


@pytest.fixture
def settings(place: Place, tmp_path: Path) -> Settings:
    """Settings for the server, with a home of their own; what is attended is anchored at once."""
    return settings_for(place.server, tmp_path / "home")


@pytest.fixture
async def mind(place: Place, settings: Settings) -> AsyncIterator[Mind]:
    """A mind without memories."""
    async with Mind.connect("ana", settings=settings) as mind:
        yield mind
        assert mind._recall.index in (None, place.index)
