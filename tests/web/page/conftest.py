"""A browser, and a real stack for it to look at: Redis, a service, a web process."""

from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, expect

from tests.servers import WHEEL, RedisServer, programs
from tests.services import ServiceProcess
from tests.web.page.browser import chromium
from tests.web.page.screen import PATIENCE_MS, Screen, screen_of
from tests.web.page.stack import Stack
from tests.web.served import Web, serving
from thoughtstream.config import RedisConfig, Settings
from thoughtstream.sync import Mind

_NUMBER = count(1)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """For as long as this folder: while it lives, its event loop runs in this thread, and tests of
    others could not run theirs.
    """
    expect.set_options(timeout=PATIENCE_MS)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All that is watched, shared by all tests: each has a mind of its own."""
    redis = RedisServer(programs()[WHEEL], tmp_path_factory.mktemp("page-redis-")).start()
    home = tmp_path_factory.mktemp("page-home-")
    own = {"WEB__ENABLED": "false", "MEMORY__TRIGGER_LIMIT": "0", "MEMORY__SLEEP_EVERY_S": "0"}
    service = ServiceProcess(redis.url, home / "service", **own).start().wait_until_ready()
    settings = Settings(home=home / "web", redis=RedisConfig(url=redis.url))
    with serving(settings) as web:
        yield Stack(redis, service, web, settings)
    service.stop()
    redis.stop()


@pytest.fixture
def web(stack: Stack) -> Web:
    return stack.web


@pytest.fixture
def name() -> str:
    """Of a mind that nobody else has."""
    return f"ana-{next(_NUMBER)}"


@pytest.fixture
def mind(stack: Stack, name: str) -> Iterator[Mind]:
    with stack.mind(name) as mind:
        yield mind


@pytest.fixture
def screen(browser: Browser, web: Web) -> Iterator[Screen]:
    with screen_of(browser, web) as screen:
        yield screen
