"""A server that a test may kill."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import WHEEL, RedisServer, programs


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(programs()[WHEEL], tmp_path).start()
    yield server
    server.kill()
