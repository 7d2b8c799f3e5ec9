"""`thoughtstream colony`: evolves, goes on where it was, changes settings only for the better."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream.config import SalienceConfig

pytestmark = pytest.mark.slow

CHATS = Path(__file__).parents[1] / "bench" / "chats"
ONE, OTHER = str(CHATS / "english.json"), str(CHATS / "german.json")
BAD = """
# What I set myself.
log = "json"

[salience]
news = 0.0    # on purpose
length = 0.0
names = 0.0
own = 0.64
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal whose home has settings that serve badly."""
    server = RedisServer(programs()[WHEEL], tmp_path).start()
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "thoughtstream.toml").write_text(BAD)
    yield Terminal(home, env={"REDIS_URL": server.url})
    server.stop()


def test_it_evolves_goes_on_and_is_adopted(terminal: Terminal) -> None:
    evolve = ("colony", "evolve", "--on", ONE, "--on", OTHER, "--kill-every", "0")
    first = terminal.json(*evolve, "--agents", "1", "--generations", "1")
    ways = first["ways"]
    assert first["queue"]["balanced"] and first["queue"]["completed"] == first["evaluations"]
    assert ways["evolved"]["trained"] > ways["incumbent"]["trained"]
    assert ways["evolved"]["held_out"] > ways["incumbent"]["held_out"]
    assert terminal.json(*evolve, "--agents", "0", "--generations", "1")["ways"] == ways
    told = terminal.json("colony", "status")
    assert told["ways"] == ways
    [best] = told["history"]
    assert best == {way: ways[way]["trained"] for way in ("evolved", "random")}
    assert "random search" in terminal.call("colony", "status").stdout

    file = terminal.home / "thoughtstream.toml"
    would = terminal.json("colony", "adopt")
    assert would["wins"] and not would["adopted"] and file.read_text() == BAD
    assert would["changes"]["own"] == [0.64, ways["evolved"]["salience"]["own"]]
    assert "salience.own  0.64 →" in terminal.call("colony", "adopt").stdout

    assert terminal.json("colony", "adopt", "--yes")["adopted"]
    written = file.read_text()
    assert "# What I set myself." in written and "# on purpose" in written
    said = tomllib.loads(written)
    assert SalienceConfig(**said["salience"]).model_dump() == ways["evolved"]["salience"]
    assert said["log"] == "json"


def test_seeds_listen_to_a_conversation_for_a_mind(terminal: Terminal) -> None:
    found = terminal.json("colony", "listen", ONE, "--mind", "ana")
    assert found["moments"] == 49 and sum(found["winners"].values()) == 49
    assert found["packets"] == found["delivered"] == 49 * 5
    assert 0 < found["level"]["level"] < 1 and found["flow"]["label"] and found["basins"]
    done = terminal.call("colony", "listen", "nothing.txt")
    assert done.returncode == 1 and "FILE: nothing.txt: No such file" in done.stderr


def test_what_can_not_be_evolved_on_is_told(terminal: Terminal, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.json"
    nothing.write_text(json.dumps({"session_1": []}))
    for words, said in (
        (("--on", ONE), "--held-out FILE"),
        (("--on", str(nothing)), "nothing.json: conversation 1 has no `qa`"),
        (("--on", str(tmp_path / "none.json")), "No such file"),
    ):
        done = terminal.call("colony", "evolve", *words)
        assert done.returncode and said in done.stderr
    done = terminal.call("colony", "status")
    assert done.returncode == 1 and "nothing was evolved yet" in done.stderr
