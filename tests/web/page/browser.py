"""The browser that the page is tested in: Debian's Chromium, which `tests/run` installs.

By hand: `python -m tests.web.page.browser` installs it (as root).
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.lab import debian

_PROGRAM = "chromium"
_QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
)
"""It asks nobody but us. As root it can't have a sandbox."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, until the context ends.

    Raises:
        RuntimeError: this machine has none.
    """
    program = shutil.which(_PROGRAM)
    if program is None:
        raise RuntimeError(f"there is no {_PROGRAM} on the PATH; tests/run installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*_QUIET])
        yield browser
        browser.close()


if __name__ == "__main__":
    debian.install(_PROGRAM, "fonts-noto-core")
