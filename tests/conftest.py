"""What every kind of test uses: a real Redis of each version, empty for each test."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from redis.asyncio import Redis

from tests.drills.outcome import TABLE
from tests.servers import RedisServer, programs
from thoughtstream import keys
from thoughtstream.config import RedisConfig, Settings
from thoughtstream.store.connection import connect

hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """All tests side by side, one process a core; tests that are named one after the other."""
    named = config.args_source == pytest.Config.ArgsSource.ARGS
    return 0 if named else os.cpu_count() or 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What rollouts cost is printed, also when all is well."""
    reports = (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed"))
    for report in reports:
        for name, text in report.user_properties if report.when == "call" else ():
            if name == TABLE:
                terminalreporter.section(name)
                terminalreporter.write_line(text)


@pytest.fixture(scope="session", params=sorted(programs()))
def shared_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    """A server of one version, shared by the tests; see `server`."""
    directory = tmp_path_factory.mktemp(f"redis-{request.param}-")
    server = RedisServer(programs()[request.param], directory).start()
    yield server
    server.stop()


@pytest.fixture
def server(shared_server: RedisServer) -> RedisServer:
    """A server with nothing in it."""
    with shared_server.client() as client:
        client.flushall()
    return shared_server


@pytest.fixture
def settings(server: RedisServer, tmp_path: Path) -> Settings:
    """Settings for the server, with a home of their own."""
    return Settings(home=tmp_path / "home", redis=RedisConfig(url=server.url))


@pytest.fixture
async def redis(server: RedisServer, settings: Settings) -> AsyncIterator[Redis]:
    """A client of the server. At the end, every key must be one that the registry knows."""
    client = connect(settings.redis)
    assert isinstance(client, Redis)
    yield client
    strange = [key async for key in client.scan_iter() if keys.family_of(key) is None]
    await client.aclose()
    assert not strange, f"keys that the registry does not know: {strange}"
