"""How soon a person sees what there is: the page in Chromium, over a home of its own.

    uv run python -m tests.bench.page [--thoughts 100] [--minds 1000] [--json]

- `up --detach` on a fresh home, until it has said the address.
- The address is opened in a browser that knows nothing, until the page shows the mind and is live.
- `thoughtstream think` in a terminal, again and again: from when the thought is in Redis (its id
  says when) until its words are on the page; both by the clock of this machine. Nobody types two
  within the time that the page shows one for at least (1.4 s). What it costs to start the command
  is measured by `tests.bench.start`.
- The view of all minds, opened anew by who is known already, until its tiles are there.

None of these is a ratio, so the load of the machine (`load`: processes that want one of its cores)
is told beside them.
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from playwright.sync_api import Browser, BrowserContext, Page

from tests.bench.figures import show
from tests.servers import wait_until
from tests.web.page.browser import chromium
from thoughtstream import keys
from thoughtstream.home.home import url_of

PATIENCE_MS = 30_000
_COMMAND_S = 120
OPENED = 5
"""Times that something is opened; the median counts."""

_SEEN = """
words => new Promise(done => {
  const look = () => document.body.innerText.includes(words) && done(Date.now());
  new MutationObserver(look).observe(document.body, {
    childList: true, subtree: true, characterData: true,
  });
  look();
})
"""
_LIVE = re.compile(r"^\s*Live\s*$")
_TILES = 36

DWELL_S = 1.5
"""A little more than the page's own `DWELL_MS`."""


def measure(home: Path, thoughts: int, minds: int) -> dict[str, float]:
    """The figures by name."""
    began = time.monotonic()
    with _up(home) as url:
        found = {"up on a fresh home, s": time.monotonic() - began}
        found |= _in_a_browser(home, url, thoughts, minds)
    return found


def _in_a_browser(home: Path, url: str, thoughts: int, minds: int) -> dict[str, float]:
    with chromium() as browser:
        _run(home, "think", "the kettle is on", "--mind", "ana", "--salience", "0.9")
        found = {"load": os.getloadavg()[0]}
        found["a mind is shown after, s"] = statistics.median(
            _opened(browser, url) for _ in range(OPENED)
        )
        took = sorted(_typed(browser, url, home, thoughts))
        found["a thought is on the page after, median, ms"] = statistics.median(took)
        found["p99, ms"] = took[int(0.99 * len(took))]
        _live(home, minds)
        found[f"{minds:,} minds are shown after, s"] = _all_minds(browser, url, minds)
        return found


@contextmanager
def _up(home: Path) -> Iterator[str]:
    _run(home, "up", "--detach")
    try:
        yield _address(home)
    finally:
        _run(home, "down")


def _address(home: Path) -> str:
    """As `up` says it; on a busy machine it doesn't wait for long, and `open` says it."""
    found: list[str] = []

    def known() -> bool:
        web = json.loads(_run(home, "status", "--json"))["web"]
        found.extend([web["url"]] if web else [])
        return bool(found)

    wait_until(known, "the page is served")
    return found[0]


def _run(home: Path, *arguments: str) -> str:
    own = {
        "THOUGHTSTREAM_HOME": str(home),
        "THOUGHTSTREAM_WEB__PORT": "0",
        "THOUGHTSTREAM_METRICS__PORT": "0",
    }
    command = [sys.executable, "-m", "thoughtstream.faces.cli", *arguments]
    ended = subprocess.run(
        command,
        env=os.environ | own,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=_COMMAND_S,
    )
    return ended.stdout


@contextmanager
def _new(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


def _opened(browser: Browser, url: str) -> float:
    with _new(browser) as context:
        page = context.new_page()
        began = time.monotonic()
        _open(page, url)
        return time.monotonic() - began


def _open(page: Page, url: str) -> None:
    """Until it shows the only mind that there is."""
    page.goto(url)
    page.locator("#live", has_text=_LIVE).wait_for()
    page.locator("#mind-name", has_text="ana").wait_for()


def _typed(browser: Browser, url: str, home: Path, thoughts: int) -> Iterator[float]:
    """From when it is in Redis until it is seen, ms; what the command says is known only when
    it has ended, so the page notes the time.
    """
    with _new(browser) as context:
        page = context.new_page()
        _open(page, url)
        for number in range(thoughts):
            words = f"thought {number} of the bench"
            page.evaluate(f"words => {{ window.seen = ({_SEEN})(words) }}", words)
            said = _run(home, "think", words, "--mind", "ana", "--salience", "0.9", "--json")
            written_at = int(json.loads(said)["id"].partition("-")[0])
            yield page.evaluate("() => window.seen") - written_at
            time.sleep(DWELL_S)


def _live(home: Path, minds: int) -> None:
    """So many minds that have attended to something."""
    with redis.Redis.from_url(url_of(home)) as client:
        pipe = client.pipeline(transaction=False)
        for number in range(minds - 1):
            window = keys.WINDOW.key(mind=f"mind {number}", window="sensory")
            pipe.xadd(window, {"content": "a thought of its own", "salience": "0.9"})
        pipe.execute()

    def all_live() -> bool:
        return len(json.loads(_run(home, "status", "--json"))["minds"]) == minds

    wait_until(all_live, "all minds are attended")


def _all_minds(browser: Browser, url: str, minds: int) -> float:
    with _new(browser) as context:
        _open(context.new_page(), url)
        took = list[float]()
        for _ in range(OPENED):
            page = context.new_page()
            began = time.monotonic()
            page.goto(url.partition("#")[0] + "#minds")
            page.locator("#tiles a").nth(min(_TILES, minds) - 1).wait_for()
            took.append(time.monotonic() - began)
            page.close()
        return statistics.median(took)


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--thoughts", type=int, default=100)
    parser.add_argument("--minds", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        found = measure(Path(home), given.thoughts, given.minds)
    show(found, as_json=given.json)


if __name__ == "__main__":
    main()
