"""The commands that look at a mind or write to it, against one running service."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.cli.conftest import Terminal
from tests.servers import wait_until
from thoughtstream import keys
from thoughtstream.acl import acl_rules
from thoughtstream.faces.cli.recall import marked

COMMANDS = ("up", "down", "status", "doctor", "keys", "think", "feed", "sense", "watch", "recall",
            "sleep", "merged", "unmerge", "anchor", "forgotten", "take-back", "intervene",
            "audit", "work")  # fmt: skip


def attended(terminal: Terminal, mind: str) -> list[dict[str, Any]]:
    state = terminal.json("watch", "--once", "--mind", mind)
    found: list[dict[str, Any]] = state["attended"]
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(living: Terminal, command: str) -> None:
    shown = living.call(command, "--help")
    assert shown.returncode == 0
    assert f"$ thoughtstream {command}" in shown.stdout
    assert "--json" in shown.stdout


@pytest.mark.parametrize("columns", [80, 120])
def test_help_wraps_to_the_terminal_and_not_as_its_source_does(
    living: Terminal, columns: int
) -> None:
    living.env["COLUMNS"] = str(columns)
    shown = [line.strip() for line in living.call("feed", "--help").stdout.splitlines()]
    del living.env["COLUMNS"]
    begin = next(number for number, line in enumerate(shown) if line.startswith("Each line of"))
    paragraph = shown[begin : shown.index("", begin)]
    assert min(map(len, paragraph[:-1])) > columns - 20


def test_help_lists_every_command(living: Terminal) -> None:
    shown = living.call("--help").stdout
    assert all(f" {command} " in shown for command in COMMANDS)


@pytest.mark.parametrize(
    "words",
    [
        ["think"],
        ["think", "x", "--salience", "much"],
        ["think", "x", "--kind", "odd"],
        ["think", "x", "--field", "novalue"],
        ["think", "x", "--field", "window=y"],
        ["nonsense"],
        ["recall", "x", "--limit", "0"],
        ["recall", "x", "--since", "yesterday"],
        ["intervene", "default", "last", "explode"],
        ["feed", "-", "--rate", "5", "--flood"],
        ["feed", "-", "--rate", "inf"],
        ["sense", "--interval", "inf"],
        ["sense", "--duration", "inf"],
        ["sense", "--only", "taste"],
        ["keys", "--acl", "king"],
    ],
)
def test_bad_usage_ends_with_2_and_one_line(living: Terminal, words: list[str]) -> None:
    error = living.json(*words, code=2)["error"]
    assert error and "\n" not in error


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["think", "x", "--salience", "7"], "salience"),
        (["think", ""], "content"),
        (["think", "x", "--window", ""], "window"),
        (["think", "x", "--field", "valence=-3"], "valence"),
        (["think", "x", "--field", "score=1"], "score"),
        (["think", "x", "--mind", "m" * 1001], "mind"),
        (["intervene", "bad", "nonsense", "veto"], "id"),
        (["intervene", "bad", "1-0@sensory", "boost"], "boost"),
        (["feed", "/nonexistent"], "FILE"),
        (["feed", "/"], "FILE"),
    ],
)
def test_bad_input_names_the_field_and_changes_nothing(
    living: Terminal, words: list[str], field: str
) -> None:
    mind = [] if {"--mind", "bad"} & set(words) else ["--mind", "bad"]
    error = living.json(*words, *mind, code=1)["error"]
    assert error.startswith(f"{field}: ") and "\n" not in error
    assert living.json("audit", "--mind", "bad")["adopted"] == 0
    assert living.json("watch", "--once", "--mind", "bad")["windows"]["sensory"] == 0


def test_people_get_an_error_in_one_line_on_stderr(living: Terminal) -> None:
    for words, code in ((["think", "x", "--salience", "7"], 1), (["nonsense"], 2)):
        failed = living.run(*words)
        assert (failed.returncode, failed.stdout) == (code, "")
        (line,) = failed.stderr.splitlines()
        assert line.startswith("error ")


def test_without_a_service_the_cure_is_named(terminal: Terminal) -> None:
    for words in (["think", "x"], ["recall", "x"], ["audit"], ["doctor"], ["watch"], ["sense"]):
        assert "`thoughtstream up`" in terminal.json(*words, code=1)["error"]


def test_a_thought_goes_where_it_is_sent_and_keeps_its_fields(living: Terminal) -> None:
    words = ["--window", "emotion", "--salience", "0.9", "--kind", "semantic", "--mind", "ana"]
    fields = ["--field", "valence=-0.5", "--field", "colour=red"]
    id_ = living.json("think", "it is hot", *words, *fields)["id"]
    assert id_.endswith("@emotion")
    wait_until(lambda: attended(living, "ana"), "it is attended")
    (thought,) = attended(living, "ana")
    assert (thought["id"], thought["window"], thought["kind"]) == (id_, "emotion", "semantic")
    assert thought["fields"]["colour"] == "red" and float(thought["fields"]["valence"]) == -0.5


def test_interventions(terminal: Terminal) -> None:
    terminal.up("--set", "streams.working_memory_ttl_ms=600000")
    early = terminal.json("intervene", "default", "last", "veto", code=1)["error"]
    assert "no thought is in its intervention window" in early
    id_ = terminal.json("think", "a ghost")["id"]
    wait_until(lambda: attended(terminal, "default"), "it is attended")
    reframed = terminal.json(
        "intervene", "default", "last", "reframe", "--content", "only the wind"
    )
    assert reframed["id"] == id_ and reframed["closes_at"] > reframed["now"]
    (open_,) = terminal.json("watch", "--once")["intervening"]
    assert open_["content"] == "only the wind"
    assert (open_["lead"], open_["rivals"]) == (None, 0)
    shown = terminal.call("intervene", "default", id_, "veto")
    assert (shown.returncode, shown.stderr) == (0, "") and id_ in shown.stdout
    unknown = terminal.json("intervene", "default", "1-0@sensory", "veto", code=1)["error"]
    assert unknown.startswith("1-0@sensory: is not in its intervention window")


def test_recall_shows_people_what_it_finds(living: Terminal) -> None:
    living.json("think", "the owl\x1b[31m sings\nat night", "--mind", "owl")

    def found() -> str:
        return living.call("recall", "owl", "--mind", "owl").stdout

    wait_until(lambda: "sings" in found(), "it is remembered")
    assert "the owl�[31m sings at night" in found(), "no control character reaches the terminal"
    nothing = living.call("recall", "walrus", "--mind", "owl")
    assert (nothing.returncode, nothing.stdout[:25]) == (0, "Nothing comes to mind. Wh")


def test_words_that_were_asked_for_are_bold() -> None:
    shown = marked("The kettles were bought in a café;\nkettledrums were not", "buy a Kettle, cafe")

    assert [shown.plain[span.start : span.end] for span in shown.spans] == [
        "kettles",
        "bought",
        "café",
    ]
    assert marked("a kettle", "").spans == []
    shown = marked("我的笔记本电脑坏了", "电脑")
    assert {shown.plain[span.start : span.end] for span in shown.spans} == {"电脑", "电", "脑"}


def test_audit_has_the_ledgers_counts(living: Terminal) -> None:
    audit = living.json("audit", "--mind", "nobody")
    counts = ("adopted", "rejected", "attended", "anchored", "recurred", "vetoed", "forgotten",
              "expired", "displaced", "competing", "intervening")  # fmt: skip
    assert {name: audit[name] for name in counts} == dict.fromkeys(counts, 0)
    assert audit["balanced"] is True
    assert "every thought is accounted for" in living.call("audit").stdout


def test_keys_is_the_registry(living: Terminal) -> None:
    shown = living.json("keys")["keys"]
    assert [row["pattern"] for row in shown] == [family.pattern for family in keys.FAMILIES]
    table = living.call("keys").stdout
    assert all(family.pattern in table for family in keys.FAMILIES)
    assert living.call("keys", "--acl", "service").stdout.strip() == acl_rules("service")
    assert living.json("keys", "--acl", "monitor")["rules"] == acl_rules("monitor")
    elsewhere = replace(living, env=living.env | {"REDIS_URL": "redis://localhost/3"})
    assert elsewhere.json("keys", "--acl", "service")["rules"] == acl_rules("service", 3)


@pytest.mark.parametrize(
    ("command", "whole"),
    [
        ("keys", "durable"),
        ("doctor", "Functions thoughtstream_consolidation_3"),
        ("audit", "balanced: every thought is accounted for"),
        ("sleep", "strengthened"),
    ],
)
@pytest.mark.parametrize("columns", [80, 120])
def test_answers_fit_the_terminal_without_breaking_words(
    living: Terminal, command: str, whole: str, columns: int
) -> None:
    living.env["COLUMNS"] = str(columns)
    shown = living.call(command)
    del living.env["COLUMNS"]
    assert (shown.returncode, shown.stderr) == (0, "")
    assert max(map(len, shown.stdout.splitlines())) <= columns
    assert whole in shown.stdout


def test_watch_once_draws_the_mind(living: Terminal) -> None:
    living.json("think", "a picture of it", "--mind", "pic")
    wait_until(lambda: attended(living, "pic"), "it is attended")
    for columns in ("60", "100", "160"):
        living.env["COLUMNS"] = columns
        drawn = living.run("watch", "--once", "--mind", "pic")
        assert drawn.returncode == 0
        assert "a picture of it" in drawn.stdout and "1 adopted" in drawn.stdout
        assert max(map(len, drawn.stdout.splitlines())) <= int(columns)
    del living.env["COLUMNS"]


def test_watch_streams_a_state_a_line_until_it_is_stopped(living: Terminal) -> None:
    watching = living.start("watch", "--json", "--mind", "stream", "--interval", "0.05")
    assert watching.stdout is not None
    first = json.loads(watching.stdout.readline())
    assert first["mind"] == "stream" and first["competing"] == 0
    living.json("think", "seen by the watcher", "--mind", "stream")
    while not json.loads(watching.stdout.readline())["attended"]:
        pass
    watching.terminate()
    _, errors = watching.communicate(timeout=30)
    assert (watching.returncode, errors) == (0, "")


def test_output_into_a_closed_pipe_is_no_error(living: Terminal) -> None:
    watching = living.start("watch", "--json", "--interval", "0.05")
    assert watching.stdout is not None and watching.stderr is not None
    watching.stdout.readline()
    watching.stdout.close()
    assert watching.wait(timeout=30) == 0
    assert watching.stderr.read() == ""
    watching.stderr.close()


def test_shell_completion_knows_the_commands(living: Terminal) -> None:
    living.env |= {"_THOUGHTSTREAM_COMPLETE": "complete_bash", "COMP_WORDS": "thoughtstream aud",
                   "COMP_CWORD": "1"}  # fmt: skip
    completed = living.run()
    for name in ("_THOUGHTSTREAM_COMPLETE", "COMP_WORDS", "COMP_CWORD"):
        del living.env[name]
    assert completed.stdout.split() == ["audit"]
