"""`thoughtstream memories …`, against one running service."""

import pytest

from tests.cli.conftest import Terminal


@pytest.mark.parametrize("command", ["list", "show", "supersede", "forget", "erase"])
def test_each_explains_itself_with_an_example(living: Terminal, command: str) -> None:
    shown = living.call("memories", command, "--help")
    assert shown.returncode == 0
    assert f"$ thoughtstream memories {command}" in shown.stdout


def test_listed_read_forgotten_and_taken_back(living: Terminal) -> None:
    mind = ("--mind", "handled")
    ids = [living.json("anchor", f"memory [b]{n}", *mind)["id"] for n in range(3)]
    page = living.json("memories", "list", "--limit", "2", *mind)
    rest = living.json("memories", "list", "--before", page["next"], *mind)
    assert [one["id"] for one in page["memories"] + rest["memories"]] == ids[::-1]
    assert rest["next"] is None
    assert "memory [b]2" in living.call("memories", "list", *mind).stdout
    assert living.json("memories", "show", ids[0], *mind)["provenance"]["merged_from"] == []
    assert "memory [b]0" in living.call("memories", "show", ids[0], *mind).stdout
    gone = living.json("memories", "forget", ids[0], "--by", "ana", *mind)
    assert "is not" in living.json("memories", "show", ids[0], *mind, code=1)["error"]
    assert living.json("take-back", gone["entry"], *mind)["id"] == ids[0]
    assert living.json("memories", "show", ids[0], *mind)["content"] == "memory [b]0"


def test_superseded(living: Terminal) -> None:
    mind = ("--mind", "moving")
    old = living.json("anchor", "Anna lives in Lisbon", "--kind", "semantic", *mind)["id"]
    more = ("--field", "source=letter", "--by", "ana", *mind)
    new = living.json("memories", "supersede", old, "Anna lives in Porto", *more)["id"]
    found = living.json("memories", "show", new, *mind)
    assert (found["kind"], found["fields"]["source"]) == ("semantic", "letter")
    assert (found["provenance"]["supersedes"], found["provenance"]["by"]) == (old, {"asked": "ana"})
    [hit] = living.json("recall", "where does Anna live?", *mind)["memories"]
    assert hit["id"] == new


def test_erased_only_when_confirmed(living: Terminal) -> None:
    mind = ("--mind", "erasing")
    made = living.json("anchor", "the password is zebra", *mind)["id"]
    assert "--yes" in living.json("memories", "erase", made, *mind, code=1)["error"]
    asked = living.run("memories", "erase", made, *mind, stdin="n\n")
    assert asked.returncode == 130
    assert "1 memory, 0 copies" in asked.stdout
    unknown = living.run("memories", "erase", "nope", *mind, stdin="y\n")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "nope: is not" in unknown.stderr
    assert living.json("memories", "list", *mind)["memories"]
    erased = living.json("memories", "erase", made, "--yes", *mind)
    assert (erased["memories"], bool(erased["remains"])) == (1, True)
    assert living.json("memories", "list", *mind)["memories"] == []
    assert living.json("audit", *mind)["erased"] == 1
