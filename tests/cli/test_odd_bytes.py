"""Arguments that are no UTF-8: kept as they are, and what is printed is text all the same."""

import json
import os
import subprocess

import pytest

from tests.cli.conftest import PROGRAM, Terminal
from tests.servers import RedisServer

ODD = b"caf\xe9 \xff"
TEXT = ODD.decode(errors="surrogateescape")


@pytest.fixture
def odd(terminal: Terminal, server: RedisServer) -> Terminal:
    """A terminal on a server with nothing in it; no service runs."""
    terminal.env["REDIS_URL"] = server.url
    return terminal


def run(terminal: Terminal, *words: str | bytes) -> subprocess.CompletedProcess[bytes]:
    command = [os.fsencode(word) for word in (*PROGRAM, *words)]
    return subprocess.run(
        command, env=terminal.environment(), capture_output=True, check=False, timeout=90
    )


@pytest.mark.slow
def test_a_payload_and_an_agents_name_come_back_as_they_were(odd: Terminal) -> None:
    submitted = run(odd, "tasks", "submit", "q", ODD)
    assert submitted.returncode == 0, submitted.stderr
    shown = run(odd, "tasks", "show", "q", submitted.stdout.strip(), "--json")
    assert json.loads(shown.stdout.decode())["payload"] == TEXT
    assert "caf" in run(odd, "tasks", "show", "q", submitted.stdout.strip()).stdout.decode()
    assert run(odd, "agents", "join", ODD, "--json").returncode == 0
    listed = json.loads(run(odd, "agents", "list", "--json").stdout.decode())
    assert [agent["id"] for agent in listed["agents"]] == [TEXT]
    assert "caf" in run(odd, "agents", "list").stdout.decode()
    assert run(odd, "agents", "send", "bo", ODD, ODD).returncode == 0
    [message] = json.loads(run(odd, "agents", "inbox", ODD, "--json").stdout)["messages"]
    assert message["text"] == TEXT


def test_errors_that_name_them_are_text(odd: Terminal) -> None:
    said = run(odd, "agents", "send", "bo", ODD, "x")
    assert said.returncode == 1 and "is registered" in said.stderr.decode()
    as_json = run(odd, "cache", "get", ODD, "--json")
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout.decode())["error"].startswith(TEXT)
