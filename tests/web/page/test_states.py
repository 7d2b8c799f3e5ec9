"""When something is not as it should be, the page says what, since when, and what to do."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.servers import WHEEL, RedisServer, programs, wait_until
from tests.web.page.screen import Screen, screen_of
from tests.web.page.stack import Stack, wait_until_settled
from tests.web.served import Web, serving
from thoughtstream import keys
from thoughtstream.config import RedisConfig, Settings, WebConfig
from thoughtstream.sync import Mind

pytestmark = pytest.mark.slow


def test_redis_away_and_back(screen: Screen, stack: Stack, mind: Mind, name: str) -> None:
    screen.watch(name)
    mind.think("the last before")
    expect(screen.sentence).to_have_text("the last before")
    meanwhile = [f"meanwhile {n}" for n in range(40)]
    with stack.redis.client() as redis, ThreadPoolExecutor() as pool:
        pipe = redis.pipeline()
        for said in meanwhile:
            pipe.xadd(keys.WINDOW.key(mind=name, window="sensory"), {"content": said})
        with stack.redis.frozen():
            pool.submit(pipe.execute)  # they wait before its door, and come in all at once
            expect(screen.find("#banner")).to_contain_text("Redis does not answer. Frozen at")
            expect(screen.live).to_have_text("Redis is away")
            expect(screen.sentence).to_have_text("the last before")
            expect(screen.find("#now button").first).to_be_disabled()
    expect(screen.toast).to_contain_text("It is back, after")  # it is not shown for long
    expect(screen.live).to_have_text("Live")
    expect(screen.find("#banner")).to_be_hidden()
    wait_until_settled(mind)
    attended = {memory.content for memory in mind.memories()}
    assert attended & set(meanwhile)
    screen.press("Shift+T")
    for said in attended:
        row = screen.find("#table-rows tr").filter(has_text=re.compile(f"{said}$"))
        expect(row).to_contain_text(re.compile("attended|remembered"))


def test_hidden_it_stops_and_catches_up_when_it_is_seen(
    screen: Screen, mind: Mind, name: str
) -> None:
    screen.page.clock.install()
    screen.watch(name)
    mind.think("seen")
    expect(screen.sentence).to_have_text("seen")
    screen.page.evaluate(_TURNS, "hidden")
    mind.think("while it was hidden")
    wait_until(lambda: mind.audit().attended == 2, "it is attended")
    with screen.page.expect_event("requestfailed", lambda request: "/v1/events" in request.url):
        screen.page.clock.fast_forward(31_000)
    expect(screen.sentence).to_have_text("seen")
    mind.think("while nobody listened", salience=0.9)
    wait_until(lambda: mind.audit().attended == 3, "it is attended")
    screen.page.evaluate(_TURNS, "visible")
    expect(screen.sentence).to_have_text("while nobody listened")
    screen.press("Shift+T")
    expect(screen.find("#table-rows tr")).to_have_count(3)


_TURNS = """state => {
  Object.defineProperty(document, 'visibilityState', { configurable: true, value: state });
  Object.defineProperty(document, 'hidden', { configurable: true, value: state === 'hidden' });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
"""No browser that is driven hides its pages."""


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


def test_who_goes_somewhere_while_signing_in_is_not_locked_out(
    screen: Screen, mind: Mind, name: str
) -> None:
    signing_in: list[Route] = []
    screen.page.route("**/v1/session", lambda route: signing_in.append(route), times=1)
    mind.think("for those who wait")
    screen.open(f"mind/{name}")
    screen.page.evaluate("fetch('/v1/minds')")  # what was asked before this is answered
    assert len(signing_in) == 1
    signing_in[0].continue_()
    expect(screen.sentence).to_have_text("for those who wait")
    expect(screen.find("#locked")).to_be_hidden()


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
