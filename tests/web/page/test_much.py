"""Where there is too much to show, the page shows the most important of it and says so in words."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.servers import wait_until
from tests.web.page.screen import Screen
from tests.web.page.stack import Stack
from thoughtstream import NewThought, keys
from thoughtstream.faces.web.watching.reader import MOST_WAITING
from thoughtstream.sync import Mind

pytestmark = pytest.mark.slow

_NOTES_TEXTS = """
window.written = [];
const fillText = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
  if (this.canvas.id === 'ribbon') written = [...written.slice(-7), text];
  return fillText.call(this, text, ...at);
};
"""
_HIGHEST_COLUMN = """colour => {
  const { width, height } = document.getElementById('ribbon');
  const context = document.getElementById('ribbon').getContext('2d');
  const { data } = context.getImageData(0, 0, width, height);
  const isInk = (x, y) => colour.every((part, i) => data[4 * (y * width + x) + i] === part);
  let highest = 0;
  for (let x = 0; x < width; x += 1)
    for (let y = 0, run = 0; y < height; y += 1) {
      run = isInk(x, y) ? run + 1 : 0;
      highest = Math.max(highest, run);
    }
  return highest;
}"""
_SENSORY = [0x0B, 0x70, 0x83]
_DOT_PX = 12


@pytest.fixture
def watched(screen: Screen, mind: Mind, name: str) -> Screen:
    """A page before a mind that has attended to one thing."""
    screen.watch(name)
    mind.think("the first")
    expect(screen.sentence).to_have_text("the first")
    return screen


def attend(stack: Stack, mind: str, number: int) -> None:
    """So many more thoughts are attended in one moment, which no attention is fast enough for:
    entries of `assembled` as the engine writes them.
    """
    stream = keys.ASSEMBLED.key(mind=mind)
    now = int(time.time() * 1000)
    with stack.redis.client() as redis:
        [(_, entry)] = redis.xrevrange(stream, count=1)
        pipe = redis.pipeline()
        for n in range(number):
            about = {"id": f"{now}-{n}@sensory", "content": f"thought {n}"}
            times = {"attended_at": now - 20 * n, "encode_at": now - 20 * n + 5000}
            pipe.xadd(stream, entry | about | times)
        pipe.execute()


def test_what_a_reader_was_too_slow_for_is_counted(
    watched: Screen, stack: Stack, name: str
) -> None:
    attend(stack, name, MOST_WAITING + 44)
    missing = re.compile(r"4\d events are missing")
    expect(watched.toast).to_contain_text(missing)
    expect(watched.find("#competing")).to_contain_text(missing)


def test_above_forty_a_second_it_draws_how_many(watched: Screen, stack: Stack, name: str) -> None:
    expect(watched.find("#legend")).to_contain_text("higher is stronger")
    ribbon = watched.find("#ribbon-frame")
    for n in range(1, 7):
        attend(stack, name, 240)
        number = f"{240 * n + 1:,}"
        expect(ribbon).to_have_attribute("aria-label", re.compile(f"{number} attended"))
    legend = watched.find("#legend > span:visible")
    expect(legend).to_have_text(["a column is as high as many were attended"])
    assert watched.page.evaluate(_HIGHEST_COLUMN, _SENSORY) > 2 * _DOT_PX


def test_over_eight_lanes_the_rest_share_one(screen: Screen, mind: Mind, name: str) -> None:
    screen.page.add_init_script(_NOTES_TEXTS)
    screen.watch(name)
    for n in range(7):
        mind.think("hello", window=f"w{n}")
    others = 7 - (8 - len(keys.STANDARD_WINDOWS) - 1)

    def lanes() -> list[str]:
        written: list[str] = screen.page.evaluate("written")
        return written

    wait_until(lambda: f"others ({others})" in lanes(), "the last lane is that of others")
    assert [*keys.STANDARD_WINDOWS] == [lane for lane in lanes() if lane in keys.STANDARD_WINDOWS]
    assert len(lanes()) == 8
    screen.press("Shift+T")
    for n in range(7):
        expect(screen.find("#table-rows")).to_contain_text(f"w{n}")


def test_more_than_six_that_can_be_changed_are_in_a_list(
    screen: Screen, mind: Mind, name: str
) -> None:
    screen.watch(name)
    mind.feed([NewThought.of(f"thought {n}", salience=0.9) for n in range(20)])
    more = screen.find("#more-open")
    expect(more).to_have_text(re.compile(r"^and \d+ more$"))
    more.click()
    rows = screen.find("#open-list li")
    assert rows.count() > 6
    first, last = rows.first, rows.last
    first.get_by_role("button", name="Veto").click()
    expect(first).to_have_class("vetoed")
    expect(first).to_contain_text("vetoed")
    screen.toast.get_by_role("button", name="Undo").click()  # also while the list is open
    expect(first).to_have_class("")
    expect(last).to_contain_text("remembered · episodic")
    expect(last.get_by_role("button").first).to_be_disabled()


def test_of_many_memories_it_shows_the_newest_and_says_so(
    screen: Screen, mind: Mind, name: str
) -> None:
    for n in range(2010):
        mind.anchor(f"memory {n}")
    screen.watch(name)
    said = screen.find("#sediment-about")
    expect(said).to_have_text("newest 2,000 of 2,010")
    screen.find("#question").fill("memory 3")
    expect(screen.find("#sediment")).to_have_attribute(
        "aria-label", re.compile("^The newest 2,000 of 2,010 memories .* answer$")
    )
    expect(said).to_have_text("newest 2,000 of 2,010")
