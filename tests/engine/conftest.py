"""Settings under which thoughts can be counted, and a server that may be broken."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import RedisServer, programs
from thoughtstream.config import MemoryConfig, RedisConfig, Settings, StreamConfig

QUICK = StreamConfig(working_memory_ttl_ms=100, cycle_target_ms=5, working_memory_maxlen=0)
CALM = MemoryConfig(trigger_limit=0)
"""Nothing comes back by itself, so that thoughts can be counted."""


@pytest.fixture
def quick(settings: Settings) -> Settings:
    return settings.model_copy(update={"streams": QUICK, "memory": CALM})


@pytest.fixture(params=sorted(programs()))
def own_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer]:
    """A server of this test alone, which may be broken."""
    server = RedisServer(programs()[request.param], tmp_path).start()
    yield server
    server.stop()


@pytest.fixture
def own(own_server: RedisServer, tmp_path: Path) -> Settings:
    redis = RedisConfig(url=own_server.url)
    return Settings(home=tmp_path / "home", redis=redis, streams=QUICK, memory=CALM)
