"""`recall` shows what answers first, and says of the rest that it only stood beside."""

import pytest

from tests.cli.conftest import Terminal
from tests.servers import RedisServer
from thoughtstream.faces.cli.recall import CUT

OTHERS = ("it rains", "the bus is late", "Paul likes jazz")


@pytest.fixture
def ana(terminal: Terminal, server: RedisServer) -> Terminal:
    terminal.env["REDIS_URL"] = server.url
    for said in ("it rains", "the kettle is on", "the bus is late", "Paul likes jazz"):
        terminal.json("anchor", said)
    return terminal


def test_what_answers_comes_with_its_score_and_what_is_below_the_cut_is_left_out(
    ana: Terminal,
) -> None:
    first, last = ana.call("recall", "kettle").stdout.splitlines()
    assert first.startswith("  1.00 ") and "the kettle is on" in first
    assert last.startswith("3 without a word of the question left out")
    best, *beside = ana.json("recall", "kettle")["memories"]
    assert all(memory["score"] < best["score"] * CUT for memory in beside)
    assert {memory["content"] for memory in beside} == set(OTHERS)


def test_what_accompanies_is_marked_and_comes_after(ana: Terminal) -> None:
    lines = ana.call("recall", "when does the bus come?").stdout.splitlines()
    assert lines[0].startswith("  1.00 ") and "the bus is late" in lines[0]
    assert lines[1:] and all(line.startswith("~ 0.") for line in lines[1:])


def test_explained_nothing_is_left_out(ana: Terminal) -> None:
    shown = ana.call("recall", "kettle", "--explain").stdout
    assert all(other in shown for other in OTHERS) and "left out" not in shown
