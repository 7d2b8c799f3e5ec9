"""What every kind of test uses: a real Redis of each version, empty for each test."""

import os
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from redis.asyncio import Redis
from xdist.scheduler import LoadFileScheduling

from tests.drills.outcome import TABLE
from tests.servers import WHEEL, RedisServer, programs
from tests.services import UNWATCHED
from thoughtstream import keys
from thoughtstream.config import MetricsConfig, RedisConfig, Settings
from thoughtstream.store.connection import connect

hypothesis_settings.register_profile("thorough", deadline=None)
hypothesis_settings.register_profile("quick", deadline=None, max_examples=25)

SLOW = "slow"
_SHARED = "made_cluster"
_HERE = Path(__file__).parent
_FACES = tuple(_HERE / face for face in ("web", "mcp", "measuring", "tracing"))
os.environ.update(UNWATCHED)  # of services within tests, too


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--thorough`, as in `tests/run`."""
    parser.addoption(
        "--thorough", action="store_true",
        help="every test, with every version of Redis; so are tests that are named",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Tests that are named are run thoroughly. Processes of xdist are told what was found here."""
    config.addinivalue_line("markers", f"{SLOW}: takes seconds; not in the quick run")
    told: dict[str, Any] = getattr(config, "workerinput", {})
    config.option.thorough |= told.get("thorough", _are_named(config))
    hypothesis_settings.load_profile("thorough" if config.option.thorough else "quick")


def pytest_configure_node(node: Any) -> None:
    """A process of xdist is told whether to be thorough: it can't know what was named."""
    node.workerinput["thorough"] = node.config.option.thorough


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The quick run does without what is slow, and without older versions of Redis; the thorough
    run needs no older ones for the faces.
    """
    is_left_out = _is_doubly_old if config.option.thorough else _is_slow_or_older
    left_out = {item for item in items if is_left_out(item)}
    config.hook.pytest_deselected(items=[*left_out])
    items[:] = [item for item in items if item not in left_out]


def _is_slow_or_older(item: pytest.Item) -> bool:
    return item.get_closest_marker(SLOW) is not None or _is_of_older(item)


def _is_doubly_old(item: pytest.Item) -> bool:
    """What faces ask of Redis, the engine's own tests ask of each version; and Debian 12's hosts
    have a web process on the oldest one.
    """
    return any(map(item.path.is_relative_to, _FACES)) and _is_of_older(item)


def _is_of_older(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    values = [str(value) for value in callspec.params.values()] if callspec else []
    older = set(programs()) - {WHEEL}
    return any(value.removeprefix("FTS5 on ") in older for value in values)


def _are_named(config: pytest.Config) -> bool:
    return config.args_source == pytest.Config.ArgsSource.ARGS


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """All tests side by side, one process a core, and one more for the quick run, which waits for
    half of its time; tests that are named one after the other.
    """
    cores = os.cpu_count() or 1
    return 0 if _are_named(config) else cores + (not config.option.thorough)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Each process takes file after file."""
    return _FileAfterFile(config, log)


class _FileAfterFile(LoadFileScheduling):  # type: ignore[misc]
    """Files whose tests share a cluster count as one: it takes three hosts and a minute to make."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return _SHARED if file in _files_that_share() else file


@cache
def _files_that_share() -> frozenset[str]:
    files = _HERE.glob("rollouts/test_*.py")
    return frozenset(f"tests/rollouts/{f.name}" for f in files if _SHARED in f.read_text())


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
    redis = RedisConfig(url=server.url)
    return Settings(home=tmp_path / "home", redis=redis, metrics=MetricsConfig(port=0))


@pytest.fixture
async def redis(server: RedisServer, settings: Settings) -> AsyncIterator[Redis]:
    """A client of the server. At the end, every key must be one that the registry knows."""
    client = connect(settings.redis)
    assert isinstance(client, Redis)
    yield client
    strange = [key async for key in client.scan_iter() if keys.family_of(key) is None]
    await client.aclose()
    assert not strange, f"keys that the registry does not know: {strange}"
