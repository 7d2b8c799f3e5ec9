"""What a mind does is on the page at once, and the page says whether it is so."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.web.page.screen import Screen
from tests.web.page.stack import Stack
from thoughtstream import NewThought, keys
from thoughtstream.coordination.models import NewTask
from thoughtstream.sync import Mind

pytestmark = pytest.mark.slow


def test_a_thought_is_seen_with_where_it_came_from(screen: Screen, mind: Mind, name: str) -> None:
    screen.watch(name)
    expect(screen.sentence).to_have_text("nothing, so far")
    mind.think("the kettle is on", window="sensory", salience=0.9)
    expect(screen.sentence).to_have_text("the kettle is on")
    expect(screen.find("#now .meta")).to_have_text(re.compile(r"^sensory · 0\.90"))
    expect(screen.place("the kettle is on")).to_be_visible()
    expect(screen.find("#ribbon-frame")).to_have_attribute(
        "aria-label", re.compile("1 attended. Latest: sensory: the kettle is on")
    )


def test_by_how_much_it_won_is_said(screen: Screen, mind: Mind, name: str) -> None:
    screen.watch(name)
    mind.feed([NewThought.of(f"thought {n}", salience=0.4 + n / 100) for n in range(50)])
    expect(screen.find("#now .meta")).to_have_text(re.compile(r"ahead of \d+ others? by 0\.0\d"))


def test_what_became_of_it_is_said_where_it_stood(screen: Screen, mind: Mind, name: str) -> None:
    screen.watch(name)
    mind.think("tea needs four minutes", kind="procedural")
    expect(screen.place("tea needs four minutes").locator(".fate")).to_have_text(
        re.compile("^remembered")
    )
    expect(screen.find("#memories .says").first).to_have_text("tea needs four minutes")
    expect(screen.find("#memory-counts")).to_contain_text("1 procedural")
    expect(screen.find("#balance")).to_have_text("✓ balanced")
    expect(screen.find("#flow")).to_contain_text("1 anchored")


def test_what_is_open_already_is_there_when_the_page_opens(
    screen: Screen, mind: Mind, name: str
) -> None:
    mind.think("it was before you")
    screen.watch(name)
    expect(screen.sentence).to_have_text("it was before you")


def test_what_was_attended_long_ago_is_no_news(
    screen: Screen, stack: Stack, mind: Mind, name: str
) -> None:
    a_minute_ago = int(time.time() * 1000) - 60_000
    with stack.redis.client() as redis:
        for number, (told, score) in enumerate({"the stronger": 0.9, "the last": 0.5}.items()):
            at = a_minute_ago + number
            about = {"id": f"{at}-0@sensory", "window": "sensory", "content": told, "score": score}
            times = {"salience": score, "attended_at": at, "encode_at": at + 5000}
            redis.xadd(keys.ASSEMBLED.key(mind=name), about | times)
    screen.watch(name)
    expect(screen.sentence).to_have_text("the last")
    mind.think("of now", salience=0.4)
    expect(screen.sentence).to_have_text("of now")
    expect(screen.find("#now .meta")).not_to_contain_text("more since")


def test_a_window_of_ones_own_has_a_lane(screen: Screen, mind: Mind, name: str) -> None:
    screen.watch(name)
    mind.think("a page was read", window="docs/Ärger")
    expect(screen.find("#now .meta")).to_contain_text("docs/Ärger")
    screen.press("Shift+T")
    expect(screen.find("#table-rows tr")).to_have_count(1)
    expect(screen.find("#table-rows")).to_contain_text("docs/Ärger")


def test_held_it_stands_still_and_counts(screen: Screen, mind: Mind, name: str) -> None:
    screen.watch(name)
    mind.think("before")
    expect(screen.sentence).to_have_text("before")
    screen.press("Space")
    expect(screen.live).to_have_text("Held")
    mind.think("meanwhile")
    expect(screen.find("#came")).to_have_text(" 1", use_inner_text=False)
    expect(screen.place("meanwhile")).to_be_visible()  # the places go on
    expect(screen.sentence).to_have_text("before")
    screen.press("Space")
    expect(screen.live).to_have_text("Live")
    expect(screen.sentence).to_have_text("meanwhile")


def test_the_ribbon_tells_of_each_thought(screen: Screen, mind: Mind, name: str) -> None:
    screen.watch(name)
    mind.think("the door bell, twice", salience=0.8)
    expect(screen.sentence).to_have_text("the door bell, twice")
    screen.find("#ribbon-frame").focus()
    screen.press("ArrowLeft")
    expect(screen.find("#told")).to_have_text(
        re.compile(r"sensory · 0\.80 · attended: the door bell, twice")
    )


def test_all_minds_are_there_and_lead_to_one(
    screen: Screen, stack: Stack, mind: Mind, name: str
) -> None:
    mind.think("of many")
    screen.open("minds")
    screen.find("#minds-name").fill(name)
    tile = screen.find(f'#tiles a[href="#mind/{name}"]')
    expect(tile).to_contain_text("of many")
    tile.hover()
    mind.think("under the pointer")
    expect(tile).to_contain_text("under the pointer")
    tile.click()
    expect(screen.find("#mind-name")).to_have_text(name)
    expect(screen.page).to_have_title(f"{name} · Thoughtstream")


def test_another_mind_by_a_part_of_its_name(screen: Screen, mind: Mind, name: str) -> None:
    mind.think("of another")
    screen.open("redis")
    screen.press("m")
    screen.find("#picker-name").fill(name)
    expect(screen.find("#picker-names li")).to_have_count(1)
    screen.press("Enter")
    expect(screen.find("#mind-name")).to_have_text(name)


def test_redis_is_shown_with_services_and_findings(screen: Screen, mind: Mind) -> None:
    mind.think("so that there is one")
    screen.open("redis")
    expect(screen.find("#shards .node")).to_have_count(1)
    expect(screen.find("#services")).to_contain_text("alive")
    expect(screen.find("#findings")).to_contain_text("version")
    expect(screen.find("#redis-problem")).to_be_empty()


def test_agents_and_queues_are_shown(screen: Screen, stack: Stack) -> None:
    with stack.colony() as colony:
        colony.register("planner", ["plan"])
        colony.queue("evaluate").submit(NewTask("a candidate"))
    screen.open("agents")
    expect(screen.find("#agent-list")).to_contain_text("planner")
    expect(screen.find("#queues")).to_contain_text("evaluate")
    expect(screen.find("#queues")).to_contain_text("1 wait")
