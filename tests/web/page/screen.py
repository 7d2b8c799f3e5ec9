"""One page in the browser, as a person has it before them: what it shows, what it complains of."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.web.served import Web

PATIENCE_MS = 15_000
_TOLD_OF_ANSWERS = "Failed to load resource"
"""Of each answer that is no success; tests look at what the page makes of it."""


class Screen:
    """A page. `complaints`: errors of scripts, and what the policy forbade."""

    def __init__(self, page: Page, web: Web) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.url, self.token = web.url, web.token
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and _TOLD_OF_ANSWERS not in message.text:
            self.complaints.append(message.text)

    def open(self, view: str = "", token: str | None = None) -> "Screen":
        """Open the page as `thoughtstream open` does, and go to a view."""
        secret = self.token if token is None else token
        self.page.goto(f"{self.url}/#token={secret}")
        expect(self.page).not_to_have_url(re.compile("token="))
        if view:
            self.go(view)
        return self

    def go(self, view: str) -> None:
        self.page.evaluate("view => { location.hash = view }", view)

    def watch(self, mind: str) -> "Screen":
        """Open the page at a mind, and wait until it is live."""
        self.open(f"mind/{mind}")
        expect(self.find("#mind-name")).to_have_text(mind)
        expect(self.live).to_have_text("Live")
        return self

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def find(self, selector: str) -> Locator:
        return self.page.locator(selector)

    @property
    def live(self) -> Locator:
        return self.find("#live")

    @property
    def sentence(self) -> Locator:
        """What the mind attends to."""
        return self.find("#now .sentence")

    @property
    def toast(self) -> Locator:
        return self.find("#toast")

    def place(self, content: str) -> Locator:
        """The place of a thought that can still be changed."""
        return self.find("#places li").filter(has_text=content)

    def overflow_px(self) -> int:
        """By how much it scrolls sideways."""
        found: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return max(found, 0)


@contextmanager
def screen_of(browser: Browser, web: Web, **options: Any) -> Iterator[Screen]:
    """A new page that knows nothing; at its end nothing may have gone wrong in it."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
    context.set_default_timeout(PATIENCE_MS)
    screen = Screen(context.new_page(), web)
    yield screen
    context.close()
    assert screen.complaints == [], "\n".join(screen.complaints)
