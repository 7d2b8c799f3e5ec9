"""`thoughtstream tasks`: submit, look, answer, replay, and the books."""

import asyncio
from typing import Any

import pytest

from tests.cli.conftest import Terminal
from tests.servers import RedisServer
from thoughtstream import Colony, keys
from thoughtstream.config import RedisConfig, Settings
from thoughtstream.coordination.models import Claim, Report

COMMANDS = ("submit", "show", "audit", "queues", "cancel", "replay", "answer")


@pytest.fixture
def tasks(terminal: Terminal, server: RedisServer) -> Terminal:
    """A terminal on a server with nothing in it; no service runs."""
    terminal.env["REDIS_URL"] = server.url
    return terminal


def claimed(server: RedisServer, queue: str, *says: Any) -> list[Claim]:
    """What a worker claims of a queue; `says` makes a report of each claim."""

    async def go() -> list[Claim]:
        settings = Settings(redis=RedisConfig(url=server.url))
        async with Colony.connect(settings=settings) as colony:
            found = colony.queue(queue)
            claims = (await found.round("w", claim=10)).claims
            await found.round("w", [say(claim) for claim in claims for say in says])
            return claims

    return asyncio.run(go())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(terminal: Terminal, command: str) -> None:
    shown = terminal.call("tasks", command, "--help")
    assert shown.returncode == 0
    assert f"$ thoughtstream tasks {command}" in shown.stdout and "--json" in shown.stdout


def test_a_task_is_submitted_shown_and_accounted_for(tasks: Terminal, server: RedisServer) -> None:
    words = ["--priority", "5", "--key", "backup-today"]
    assert tasks.json("tasks", "submit", "notes", "back up", *words)["id"] == "=backup-today"
    assert tasks.json("tasks", "submit", "notes", "back up", *words)["id"] == "=backup-today"
    later = tasks.call("tasks", "submit", "notes", "later", "--delay", "1000").stdout.strip()
    audit = tasks.json("tasks", "audit", "notes")
    counts = {name: audit[name] for name in ("submitted", "waiting", "delayed", "leased",
                                             "completed", "dead", "cancelled")}  # fmt: skip
    assert counts == {"submitted": 2, "waiting": 1, "delayed": 1, "leased": 0, "completed": 0,
                      "dead": 0, "cancelled": 0}  # fmt: skip
    assert audit["balanced"] is True
    [claim] = claimed(server, "notes", lambda claim: Report.done(claim, '{"files": 3}'))
    assert claim.payload == "back up"
    state = tasks.json("tasks", "show", "notes", "=backup-today")
    assert (state["state"], state["result"]) == ("completed", {"files": 3})
    assert tasks.json("tasks", "cancel", "notes", later)["state"] == "canceled"
    again = tasks.json("tasks", "cancel", "notes", later, code=1)["error"]
    assert again.startswith(f"{later}: ")
    assert tasks.json("tasks", "audit", "notes")["cancelled"] == 1
    assert "every task is accounted for" in tasks.call("tasks", "audit", "notes").stdout


def test_an_audit_that_does_not_balance_ends_with_1(tasks: Terminal, server: RedisServer) -> None:
    tasks.json("tasks", "submit", "notes", "x")
    [ledger] = [family for family in keys.QUEUE if family.name == "ledger"]
    with server.client() as client:
        client.hincrby(ledger.key(queue="notes"), "submitted", 1)
    audit = tasks.json("tasks", "audit", "notes", code=1)
    assert audit["balanced"] is False and "2 were submitted" in audit["faults"][0]
    assert "2 were submitted" in tasks.call("tasks", "audit", "notes").stdout
    [row] = tasks.json("tasks", "queues", code=1)["queues"]
    assert row["balanced"] is False


def test_a_question_is_answered_and_the_dead_are_replayed(
    tasks: Terminal, server: RedisServer
) -> None:
    id_ = tasks.json("tasks", "submit", "trips", "book", "--attempts", "1")["id"]
    assert "has not asked" in tasks.json("tasks", "answer", "trips", id_, "x", code=1)["error"]
    claimed(server, "trips", lambda claim: Report.ask(claim, "where to?"))
    state = tasks.json("tasks", "show", "trips", id_)
    assert (state["state"], state["question"]) == ("input_required", "where to?")
    tasks.json("tasks", "answer", "trips", id_, "Porto")
    claimed(server, "trips", lambda claim: Report.dead(claim, "no such train"))
    state = tasks.json("tasks", "show", "trips", id_)
    assert (state["state"], state["reason"]) == ("failed", "no such train")
    assert state["answers"] == {"where to?": "Porto"}
    assert tasks.json("tasks", "replay", "trips", id_)["replayed"] == 1
    assert tasks.json("tasks", "replay", "trips")["replayed"] == 0
    assert tasks.json("tasks", "replay", "trips", id_, code=1)["error"].startswith(id_)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["--priority", "5000"], "priority"), (["--delay=-1"], "delay_s"),
        (["--attempts", "0"], "max_attempts"), (["--key", "two words"], "key"),
    ],
)  # fmt: skip
def test_bad_input_names_the_field(tasks: Terminal, words: list[str], field: str) -> None:
    error = tasks.json("tasks", "submit", "q", "x", *words, code=1)["error"]
    assert error.startswith(f"{field}: ") and "\n" not in error
    assert tasks.json("tasks", "audit", "q")["submitted"] == 0


def test_an_unknown_task_and_an_empty_name(tasks: Terminal) -> None:
    assert tasks.json("tasks", "show", "q", "7", code=1)["error"].startswith("7: ")
    assert tasks.json("tasks", "submit", "", "x", code=1)["error"].startswith("queue: ")
    assert "nothing was ever submitted" in tasks.call("tasks", "audit", "q").stdout
    assert tasks.json("tasks", "submit", "q", code=2)["error"]


def test_queues_are_listed_and_found_again_by_their_keys(
    tasks: Terminal, server: RedisServer
) -> None:
    assert tasks.json("tasks", "queues")["queues"] == []
    for name in ("{x} a}{b", "emails", "the\x1b[31mowl"):
        tasks.json("tasks", "submit", name, "[bold]x")
    tasks.json("tasks", "audit", "nothing was submitted here")
    rows = tasks.json("tasks", "queues")["queues"]
    assert [row["queue"] for row in rows] == ["emails", "the\x1b[31mowl", "{x} a}{b"]
    assert all((row["submitted"], row["balanced"]) == (1, True) for row in rows)
    shown = tasks.call("tasks", "queues").stdout
    assert "the�[31mowl" in shown and "{x} a}{b" in shown and "\x1b" not in shown
    with server.client() as client:
        client.delete(keys.QUEUES.key())
    assert tasks.json("tasks", "queues")["queues"] == []
    assert tasks.json("tasks", "queues", "--rebuild")["queues"] == rows
    assert tasks.json("tasks", "queues")["queues"] == rows


def test_what_others_wrote_is_shown_without_markup_or_control_characters(
    tasks: Terminal, server: RedisServer
) -> None:
    id_ = tasks.json("tasks", "submit", "q", "[bold]a\x1b[31mb\nc")["id"]
    claimed(server, "q", lambda claim: Report.dead(claim, "[red]no\x07"))
    shown = tasks.call("tasks", "show", "q", id_).stdout
    assert "[bold]a�[31mb c" in shown and "[red]no�" in shown


def test_without_a_redis_the_cure_is_named(terminal: Terminal) -> None:
    for words in (["submit", "q", "x"], ["audit", "q"], ["queues"], ["show", "q", "1"]):
        assert "`thoughtstream up`" in terminal.json("tasks", *words, code=1)["error"]
