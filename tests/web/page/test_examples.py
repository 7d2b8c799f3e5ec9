"""The examples do what they say, in a browser too."""

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Browser

from tests.servers import wait_until
from tests.web.page.screen import screen_of
from tests.web.page.stack import Stack
from tests.web.served import Web
from thoughtstream.sync import Mind

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[3] / "service/examples"
WATCHER = EXAMPLES / "watch.mjs"
_WATCHES = """
window.told = [];
for await (const thought of attended(location.origin, %r, %r)) told.push(thought.content);
"""


def think_until(mind: Mind, is_told: Callable[[], object]) -> None:
    """A watcher is told of what is attended after it came, which nothing else says."""
    numbers = count()

    def thought() -> object:
        mind.think(f"thought {next(numbers)}")
        return is_told()

    wait_until(thought, "it is told of a thought", step_s=0.2)


def test_an_agent_with_a_mind_attends_and_remembers(stack: Stack, tmp_path: Path) -> None:
    at = {"REDIS_URL": stack.redis.url, "THOUGHTSTREAM_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, EXAMPLES / "agent_with_a_mind.py"], env=dict(os.environ) | at,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "it attends to: Anna is allergic to peanuts",
        "it attends to: Anna comes to dinner at eight",
        "it remembers: Anna is allergic to peanuts",
    ]


def test_a_watcher_runs_in_a_browser(browser: Browser, web: Web, mind: Mind, name: str) -> None:
    with screen_of(browser, web, bypass_csp=True) as screen:
        screen.page.goto(f"{web.url}/healthz")
        script = WATCHER.read_text() + _WATCHES % (name, web.token)
        screen.page.add_script_tag(type="module", content=script)
        think_until(mind, lambda: screen.page.evaluate("window.told?.length"))
        assert screen.page.evaluate("told[0]").startswith("thought ")


def test_a_watcher_runs_in_node(web: Web, mind: Mind, name: str, tmp_path: Path) -> None:
    node, _ = compute_driver_executable()  # the browser's driver is a program of Node
    said = tmp_path / "said"
    with said.open("wb") as output:
        watcher = subprocess.Popen(
            [node, WATCHER, web.url, name], stdout=output, stderr=output,
            env=dict(os.environ) | {"THOUGHTSTREAM_TOKEN": web.token},
        )  # fmt: skip
    try:
        think_until(mind, said.read_text)
        assert said.read_text().startswith("sensory 0.50  thought ")
    finally:
        watcher.kill()
        watcher.wait()
