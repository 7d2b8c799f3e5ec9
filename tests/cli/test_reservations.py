"""`thoughtstream agents reserve`: a name is one's own for some time, or while a command runs."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cli.conftest import Terminal
from tests.servers import RedisServer, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def colony(terminal: Terminal, server: RedisServer, tmp_path: Path) -> Terminal:
    """A terminal on a server with nothing in it; no service runs."""
    terminal.env |= {"REDIS_URL": server.url, "THOUGHTSTREAM_AGENTS__LEASE_S": "1"}
    terminal.directory = tmp_path
    return terminal


def names(colony: Terminal) -> list[tuple[str, str]]:
    found = colony.json("agents", "reservations")["reservations"]
    return [(one["name"], one["by"]) for one in found]


def test_a_name_is_held_without_a_program(colony: Terminal) -> None:
    held = colony.json("agents", "reserve", "a b", "--by", "ana", "--for", "600")
    again = colony.json("agents", "reserve", "a b", "--by", "ana", "--for", "600")
    assert (held["by"], held["fence"]) == ("ana", again["fence"])
    refused = colony.json("agents", "reserve", "a b", "--by", "bo", code=1)["error"]
    assert "a b: is reserved by ana, whose lease goes on for " in refused
    assert names(colony) == [("a b", "ana")]
    assert "by bo" in colony.json("agents", "release", "a b", "--by", "bo", code=1)["error"]
    assert colony.json("agents", "release", "a b", "--by", "ana")["by"] == "ana"
    assert colony.json("agents", "reserve", "a b", "--by", "bo")["fence"] > held["fence"]
    assert "bo had it" in colony.call("agents", "release", "a b").stdout
    assert names(colony) == []


def test_a_name_that_is_held_is_free_when_its_time_is_over(colony: Terminal) -> None:
    colony.json("agents", "reserve", "x", "--by", "ana", "--for", "0.3")
    assert colony.json("agents", "reserve", "x", "--by", "bo", "--wait", "30")["by"] == "bo"


def run(colony: Terminal, script: str, *words: str) -> "subprocess.Popen[str]":
    """A Python script as the command that has the name x."""
    command = ("reserve", "x", "--by", "ana", *words, "--", sys.executable, "-c", script)
    return colony.start("agents", *command)


def waiting_script(directory: Path) -> tuple[str, Path]:
    """A script that says that it runs, and ends when a file is there."""
    began, file = directory / "began", directory / "end"
    return (
        "import pathlib, time\n"
        f"pathlib.Path({str(began)!r}).touch()\n"
        f"while not pathlib.Path({str(file)!r}).exists(): time.sleep(0.01)\n"
    ), file


def child_of(process: "subprocess.Popen[Any]") -> psutil.Process:
    wait_until(lambda: psutil.Process(process.pid).children(), "its command runs")
    [child] = psutil.Process(process.pid).children()
    return child


def test_a_command_has_the_name_while_it_runs_and_ends_with_its_code(
    colony: Terminal, tmp_path: Path
) -> None:
    script, file = waiting_script(tmp_path)
    fence = "import os, sys; print(os.environ['RESERVATION_FENCE']); sys.exit(7)"
    first = run(colony, script + fence)
    wait_until((tmp_path / "began").exists, "the first has it")
    second = run(colony, fence)
    refused = colony.json("agents", "reserve", "x", "--by", "bo", "--wait", "0", code=1)
    assert "x: is reserved by ana" in refused["error"]
    file.touch()
    fences = [int(process.communicate(timeout=60)[0]) for process in (first, second)]
    assert (first.returncode, second.returncode) == (7, 7)
    assert fences == sorted(set(fences))
    assert names(colony) == []


def test_what_cannot_be_run_is_said(colony: Terminal) -> None:
    done = colony.run("agents", "reserve", "x", "--by", "a", "--json", "--", "no-such-command")
    assert done.returncode == 1
    assert "no-such-command: No such file" in json.loads(done.stdout)["error"]
    missing = colony.run("agents", "reserve", "x", "--", "true")
    assert missing.returncode == 2 and "--by" in missing.stderr
    assert names(colony) == []


def test_a_signal_ends_the_command_and_frees_the_name(colony: Terminal, tmp_path: Path) -> None:
    script, _ = waiting_script(tmp_path)
    process = run(colony, script)
    wait_until((tmp_path / "began").exists, "it has the name")
    child = child_of(process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert not child.is_running()
    assert names(colony) == []


def test_who_loses_the_name_ends(colony: Terminal, tmp_path: Path) -> None:
    script, _ = waiting_script(tmp_path)
    process = run(colony, script)
    wait_until((tmp_path / "began").exists, "it has the name")
    child = child_of(process)
    assert colony.json("agents", "release", "x")["by"] == "ana"
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and "x: was released by somebody" in errors
    assert not child.is_running()


def test_a_program_that_is_killed_frees_the_name_within_its_lease(
    colony: Terminal, tmp_path: Path
) -> None:
    script, file = waiting_script(tmp_path)
    process = run(colony, script)
    wait_until((tmp_path / "began").exists, "it has the name")
    process.kill()
    file.touch()
    process.communicate()
    assert colony.json("agents", "reserve", "x", "--by", "bo", "--wait", "30")["by"] == "bo"
