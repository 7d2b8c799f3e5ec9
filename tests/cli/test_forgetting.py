"""`anchor`, `forgotten` and `take-back`, against one running service."""

import shlex

import pytest

from tests.cli.conftest import Terminal
from tests.servers import wait_until


@pytest.mark.parametrize("command", ["anchor", "forgotten", "take-back"])
def test_each_explains_itself_with_an_example(living: Terminal, command: str) -> None:
    shown = living.call(command, "--help")
    assert shown.returncode == 0
    assert f"$ thoughtstream {command}" in shown.stdout


def test_a_memory_is_made_at_once(living: Terminal) -> None:
    made = living.json("anchor", "Anna is [red]allergic", "--kind", "semantic", "--mind", "made")
    [hit] = living.json("recall", "allergic", "--mind", "made")["memories"]
    assert (hit["id"], hit["kind"], hit["content"]) == (
        made["id"], "semantic", "Anna is [red]allergic",
    )  # fmt: skip


def test_what_was_forgotten_is_shown_and_taken_back(living: Terminal) -> None:
    mind = ("--mind", "forgetful")
    lines = '{"content": "strong", "salience": 0.9}\n{"content": "[b]weak", "salience": 0.1}\n'
    living.feed(*mind, stdin=lines)
    wait_until(
        lambda: living.json("forgotten", *mind)["forgotten"], "the weak thought is forgotten"
    )
    [forgotten] = living.json("forgotten", *mind)["forgotten"]
    assert (forgotten["content"], forgotten["threshold"]) == ("[b]weak", 0.3)
    assert "[b]weak" in living.call("forgotten", *mind).stdout
    back = living.json("take-back", forgotten["entry"], "--salience", "0.9", *mind)
    nothing: object = {"mind": "forgetful", "forgotten": [], "next": None}
    assert living.json("forgotten", *mind) == nothing
    found = living.json("audit", *mind)
    assert found["balanced"]
    assert back["id"] != forgotten["id"]
    assert "forgotten" in living.json("take-back", forgotten["entry"], *mind, code=1)["error"]


@pytest.mark.parametrize("mind", ["default", "[b]more 'n more"])
def test_what_is_said_to_be_next_is_of_the_same_mind(living: Terminal, mind: str) -> None:
    def next_after(*words: str) -> list[str]:
        said = living.call(*words, *own).stdout.splitlines()
        return [line.partition(": ")[2] for line in said if ": thoughtstream " in line]

    own = () if mind == "default" else ("--mind", mind)
    for kind in ("procedural", "procedural", "episodic"):
        made = living.json("anchor", "tea", "--kind", kind, *own)["id"]
    [more] = next_after("memories", "list", "--kind", "procedural", "--limit", "1")
    [back] = next_after("memories", "forget", made)
    ends = shlex.join(own)
    assert back.startswith("thoughtstream take-back ") and back.endswith(ends)
    assert living.call(*shlex.split(back)[1:]).returncode == 0
    assert "tea" in living.call(*shlex.split(more)[1:]).stdout
    living.json("memories", "forget", made, *own)
    assert next_after("forgotten", "--limit", "1")[0].endswith(shlex.join(["ENTRY", *own]))
    living.json("sleep", *own)
    assert next_after("merged")[0].endswith(shlex.join(["ENTRY", *own]))


def test_another_threshold_is_tried_without_forgetting(living: Terminal) -> None:
    tried = living.json("forgotten", "--threshold", "0.9", "--mind", "nobody")
    assert tried == {"threshold": 0.9, "would_forget": 0, "weakest": []}
