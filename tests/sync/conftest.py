"""What tests of the blocking twins use: settings with short leases, a colony, a mind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.coordination.conftest import short
from tests.servers import RedisServer
from thoughtstream.config import Settings
from thoughtstream.sync import Colony, Mind


@pytest.fixture
def settings(server: RedisServer, tmp_path: Path) -> Settings:
    return short(server.url, tmp_path / "home")


@pytest.fixture
def colony(settings: Settings) -> Iterator[Colony]:
    with Colony.connect(settings=settings) as made:
        yield made


@pytest.fixture
def mind(settings: Settings) -> Iterator[Mind]:
    with Mind.connect("ana", settings=settings) as made:
        yield made
