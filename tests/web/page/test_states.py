"""When something is not as it should be, the page says what, since when, and what to do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.servers import WHEEL, RedisServer, programs
from tests.web.page.screen import Screen, screen_of
from tests.web.page.stack import Stack
from tests.web.served import Web, serving
from thoughtstream.config import RedisConfig, Settings, WebConfig
from thoughtstream.sync import Mind

pytestmark = pytest.mark.slow


def test_redis_away_and_back(screen: Screen, stack: Stack, mind: Mind, name: str) -> None:
    screen.watch(name)
    mind.think("the last before")
    expect(screen.sentence).to_have_text("the last before")
    with stack.redis.frozen():
        expect(screen.find("#banner")).to_contain_text("Redis does not answer. Frozen at")
        expect(screen.live).to_have_text("Redis is away")
        expect(screen.sentence).to_have_text("the last before")
        expect(screen.find("#now button").first).to_be_disabled()
    expect(screen.toast).to_contain_text("It is back, after")  # it is not shown for long
    expect(screen.live).to_have_text("Live")
    expect(screen.find("#banner")).to_be_hidden()
    mind.think("the first after")
    expect(screen.sentence).to_have_text("the first after")


def test_a_lost_connection_is_told_and_made_up_for(screen: Screen, mind: Mind, name: str) -> None:
    screen.watch(name)
    mind.think("seen")
    expect(screen.sentence).to_have_text("seen")
    screen.page.context.set_offline(True)
    expect(screen.live).to_have_text(re.compile(r"^Reconnecting \(\d+\)"))
    expect(screen.find("#banner")).to_contain_text("The connection is lost")
    mind.think("missed")
    screen.page.context.set_offline(False)
    expect(screen.live).to_have_text("Live")
    expect(
        screen.place("missed").or_(screen.sentence.filter(has_text="missed")).first
    ).to_be_visible()


def test_where_too_many_watch_it_looks_now_and_then(
    browser: Browser, stack: Stack, mind: Mind, name: str, tmp_path: Path
) -> None:
    crowded = {"home": tmp_path, "web": WebConfig(max_watchers=1)}
    with (
        serving(stack.settings.model_copy(update=crowded)) as web,
        screen_of(browser, web) as first,
        screen_of(browser, web) as second,
    ):
        first.watch(name)
        second.open(f"mind/{name}")
        expect(second.live).to_have_text("A look each 5 s")
        expect(second.find("#banner")).to_contain_text("Too many watch at once")
        mind.think("seen all the same")
        expect(second.sentence).to_have_text("seen all the same")


def test_without_a_token_it_says_where_to_get_one(screen: Screen, mind: Mind, name: str) -> None:
    mind.think("not for everybody")
    screen.page.goto(screen.url)
    expect(screen.find("#locked")).to_contain_text("thoughtstream open")
    expect(screen.find("#view-mind")).to_be_hidden()
    screen.find("#token").fill("ts_wrong_secret")
    screen.press("Enter")
    expect(screen.find("#token-problem")).to_contain_text("token")
    screen.find("#token").fill(f"{screen.url}/#token={screen.token}")
    screen.press("Enter")
    expect(screen.find("#locked")).to_be_hidden()
    screen.go(f"mind/{name}")
    expect(screen.sentence).to_have_text("not for everybody")


def test_the_token_leaves_the_address(screen: Screen) -> None:
    screen.open()
    assert screen.token not in screen.page.url
    assert screen.token not in screen.page.evaluate("JSON.stringify({...localStorage})")


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """A web process before a Redis with nothing in it, that nobody attends."""
    redis = RedisServer(programs()[WHEEL], tmp_path_factory.mktemp("page-empty-")).start()
    home = tmp_path_factory.mktemp("page-empty-home-")
    with serving(Settings(home=home, redis=RedisConfig(url=redis.url))) as web:
        yield web
    redis.stop()


def test_without_any_mind_it_says_how_to_make_one(browser: Browser, empty: Web) -> None:
    with screen_of(browser, empty) as screen:
        screen.open()
        expect(screen.find("#no-mind")).to_contain_text("There is no mind yet")
        expect(screen.find("#no-mind code")).to_have_count(3)
        with Mind.connect("born", settings=empty.settings) as mind:
            mind.anchor("I am")
        expect(screen.find("#mind-name")).to_have_text("born")


def test_that_nobody_attends_is_said_with_the_cure(browser: Browser, empty: Web) -> None:
    with Mind.connect("alone", settings=empty.settings) as mind:
        mind.anchor("I am")
        mind.think("does anybody hear me?")
    with screen_of(browser, empty) as screen:
        screen.open("mind/alone")
        expect(screen.find("#banner")).to_contain_text("Nobody attends")
        expect(screen.find("#banner code")).to_contain_text("thoughtstream up")
