"""Everybody can use it: by keyboard, with a screen reader, enlarged, without motion."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.web.page.screen import Screen, screen_of
from tests.web.page.stack import Stack
from tests.web.served import Web
from thoughtstream import NewThought
from thoughtstream.sync import Mind

pytestmark = pytest.mark.slow

WIDTHS = (1440, 720, 390, 320)
"""In CSS pixels: 720 is 1440 enlarged to 200%."""

ACTIONS = ("Veto", "Reframe", "Boost")
DIALOGS = {"Shift+T": "table", "?": "keys", "m": "picker"}
VIEWS = {"minds": "#tiles a", "redis": "#findings li", "agents": "#queues li"}
_ALL = {"resultTypes": ["violations"]}
_CONTRAST = {"runOnly": ["color-contrast"]}
AXE: tuple[tuple[int, Any, dict[str, Any]], ...] = (
    (320, "light", _ALL), (390, "dark", _ALL), (1440, "light", _ALL), (1440, "dark", _CONTRAST),
)  # fmt: skip
"""Width, theme, and what it looks for. How all is built depends on the width alone, and colours on
the theme alone.
"""


@pytest.fixture
def lively(stack: Stack, mind: Mind) -> Mind:
    """A mind with something in each part of its view."""
    mind.anchor("tea needs four minutes")
    mind.feed([NewThought.of("strong", salience=0.9), NewThought.of("weak", salience=0.1)])
    mind.think("a page was read", window="docs")
    return mind


def test_no_view_has_a_fault_that_axe_finds(screen: Screen, lively: Mind, name: str) -> None:
    screen.watch(name)
    screen.find("#memories .opens").first.click()
    expect(screen.find("#memories .details")).to_be_visible()
    _check_everywhere(screen)
    for key, dialog in DIALOGS.items():
        screen.press(key)
        expect(screen.find(f"#{dialog}")).to_be_visible()
        _check_everywhere(screen)
        screen.press("Escape")
        expect(screen.find(f"#{dialog}")).to_be_hidden()
    for view, shown in VIEWS.items():
        screen.go(view)
        expect(screen.find(shown).first).to_be_visible()
        _check_everywhere(screen)


def _check_everywhere(screen: Screen) -> None:
    """What is shown now, at all widths and in both themes."""
    for width in WIDTHS:
        screen.page.set_viewport_size({"width": width, "height": 900})
        assert screen.overflow_px() == 0, f"at {width}"
    for width, theme, options in AXE:
        screen.page.set_viewport_size({"width": width, "height": 900})
        screen.page.emulate_media(color_scheme=theme)
        found = Axe().run(screen.page, options=options)
        assert found.violations_count == 0, f"{width}, {theme}: {found.generate_report()}"
    screen.page.set_viewport_size({"width": 1440, "height": 900})


def test_what_can_be_changed_is_reached_by_keyboard(screen: Screen, mind: Mind, name: str) -> None:
    screen.watch(name)
    mind.think("not for long")
    expect(screen.find("#now button").first).to_be_enabled()
    screen.find("#another").focus()
    assert _tabbed_through(screen, 3) == [f"{one}: not for long{one[0].lower()}" for one in ACTIONS]


def test_everything_else_is_reached_by_keyboard(screen: Screen, lively: Mind, name: str) -> None:
    screen.watch(name)
    expect(screen.find("#memories .opens").first).to_be_visible()
    expect(screen.find("#forgotten button").first).to_be_visible()
    reached = _tabbed_through(screen, 100)
    wanted = ["Skip to the mind", "Mind", "Minds", "Redis", "Agents", "Hold", "Theme", "Keys", name,
              "As a table", "The last 30 seconds", "Ask this mind", "tea needs four minutes",
              "Take back: weak"]  # fmt: skip
    missing = [action for action in wanted if not any(one.startswith(action) for one in reached)]
    assert not missing, f"{missing} are missing of {reached}"


_NAME_OF_FOCUSED = """() => {
  const it = document.activeElement;
  return it === document.body ? '' : it.getAttribute('aria-label') || it.labels?.[0]?.textContent
    || it.textContent;
}"""


def _tabbed_through(screen: Screen, most: int) -> list[str]:
    """The names of what Tab reaches from here, to the end of the page."""
    reached: list[str] = []
    while len(reached) < most:
        screen.press("Tab")
        name = screen.page.evaluate(_NAME_OF_FOCUSED)
        name = " ".join(name.split())
        if not name:
            break
        reached.append(name)
    return reached


def test_an_update_never_takes_the_focus(screen: Screen, mind: Mind, name: str) -> None:
    screen.watch(name)
    mind.think("first")
    expect(screen.sentence).to_have_text("first")
    screen.find("#now button").first.focus()
    mind.think("second", salience=0.9)
    expect(screen.place("second")).to_be_visible()
    expect(screen.sentence).to_have_text("first")
    expect(screen.find("#now button").first).to_be_focused()


@pytest.mark.parametrize(
    ("motion", "frames"), [("reduce", range(2, 6)), ("no-preference", range(60, 200))]
)
def test_the_ribbon_steps_where_motion_is_unwanted(
    browser: Browser, web: Web, lively: Mind, name: str, motion: Any, frames: range
) -> None:
    with screen_of(browser, web, reduced_motion=motion) as screen:
        screen.page.add_init_script(_COUNTS_FRAMES)
        screen.page.clock.install()
        screen.open(f"mind/{name}")
        screen.page.clock.run_for(1000)
        before = screen.page.evaluate("window.framesDrawn")
        screen.page.clock.run_for(4000)
        assert screen.page.evaluate("window.framesDrawn") - before in frames


_COUNTS_FRAMES = """
window.framesDrawn = 0;
const clearRect = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...sides) {
  if (this.canvas.id === 'ribbon') window.framesDrawn += 1;
  return clearRect.apply(this, sides);
};
"""
