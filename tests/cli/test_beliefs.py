"""`thoughtstream beliefs`: agents learn and choose, as a person has them do it."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal
from tests.servers import RedisServer


@pytest.fixture
def colony(terminal: Terminal, server: RedisServer) -> Terminal:
    terminal.env["REDIS_URL"] = server.url
    return terminal


@pytest.mark.parametrize("command", ["found", "observe", "show", "choose", "forget"])
def test_every_command_explains_itself(terminal: Terminal, command: str) -> None:
    shown = terminal.call("beliefs", command, "--help")
    assert shown.returncode == 0
    assert f"$ thoughtstream beliefs {command}" in shown.stdout and "--json" in shown.stdout


def test_agents_learn_and_are_forgotten(colony: Terminal) -> None:
    basal = ("--mean", "100", "--deviation", "50", "--least", "0")
    assert colony.json("beliefs", "found", "ms", *basal)["most"] is None
    for agent, value in (("ana", "12"), ("ana", "14"), ("bob", "11")):
        observed = colony.json("beliefs", "observe", agent, "ms", value)
    assert observed["observations"] == 1 and observed["surprise"] > 0
    [own] = colony.json("beliefs", "show", "ms", "--agent", "ana")["beliefs"]
    assert own["observations"] == 2 and own["levels"]["basal"]["mean"] == 100
    assert "expected 26.7" in colony.call("beliefs", "observe", "ana", "ms", "13").stdout
    shown = colony.call("beliefs", "show").stdout
    assert "all together" in shown and "dispositional" in shown and "100 ± 50" in shown
    refused = colony.call("beliefs", "observe", "ana", "ms", "--", "-1")
    assert refused.returncode == 1 and "the basal prior allows 0 to inf" in refused.stderr
    assert "forgotten ana" in colony.call("beliefs", "forget", "ana").stdout
    [all_] = colony.json("beliefs", "show")["beliefs"]
    assert all_["observations"] == 1


def test_an_agent_chooses(colony: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "room.json"
    world = {
        "A": [[1, 0], [0, 1]],
        "B": [[[1, 0], [0, 1]], [[0, 1], [1, 0]]],
        "C": [0, 2],
        "D": [0.5, 0.5],
    }
    file.write_text(json.dumps(world))
    asked = ("beliefs", "choose", "ana", "room")
    assert colony.json(*asked, "0", "--world", str(file))["action"] == 1
    assert colony.call(*asked, "1", "--world", str(file)).stdout.strip() == "0"
    file.write_text(json.dumps(world | {"A": [[1, 1], [1, 1]]}))
    refused = colony.json(*asked, "0", "--world", str(file), code=1)
    assert "A: adds up to 2 along axis 0; make that 1" in refused["error"]
    file.write_text("{}")
    assert "has no A" in colony.json(*asked, "0", "--world", str(file), code=1)["error"]


@pytest.mark.slow
def test_an_agent_learns_what_this_host_does(colony: Terminal) -> None:
    """While its senses read it; a prior that somebody gave before stays."""
    given = ("--mean", "20", "--deviation", "5", "--lineage", "hosts")
    colony.json("beliefs", "found", "CPU usage", *given)
    done = colony.run(
        "sense", "--only", "load", "--only", "disk", "--interval", "0.1", "--duration", "1",
        "--agent", "ana", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shown = colony.json("beliefs", "show", "--lineage", "hosts", "--agent", "ana")["beliefs"]
    found = {one["quantity"]: one for one in shown}
    assert {*found} >= {"CPU usage", "load average", "disk usage"}
    assert all(one["observations"] >= 1 for one in found.values())
    assert found["CPU usage"]["levels"]["basal"]["mean"] == 20
