"""Evolution asks of Redis what queues and minds do, whose tests run on each version: one here."""

from collections.abc import Iterator

import pytest

from tests.servers import WHEEL, RedisServer, programs


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The one server."""
    server = RedisServer(programs()[WHEEL], tmp_path_factory.mktemp("redis-")).start()
    yield server
    server.stop()
