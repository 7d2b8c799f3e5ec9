"""feed and sense, from the command line to what the mind remembers."""

import json
import selectors
import signal
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PROGRAM, Terminal
from tests.senses.locomo import files
from tests.servers import wait_until

pytestmark = pytest.mark.slow


def settled(terminal: Terminal, mind: str) -> dict[str, Any]:
    """The audit of a mind, when every thought has ended."""

    def audit() -> dict[str, Any]:
        found: dict[str, Any] = terminal.json("audit", "--mind", mind)
        return found

    wait_until(
        lambda: not (now := audit())["competing"] + now["intervening"] + now["unread"],
        "every thought has ended",
    )
    return audit()


def test_a_conversation_is_fed_attended_and_recalled(terminal: Terminal, tmp_path: Path) -> None:
    """Every turn becomes memory at the mind's own pace, and the turn that answers is found."""
    terminal.up("--set", "streams.cycle_target_ms=1", "--set", "memory.trigger_limit=0")
    for number, file in enumerate(files(tmp_path)):
        mind = f"reader {number}"
        fed = terminal.json("feed", str(file), "--format", "locomo", "--mind", mind)
        audit = settled(terminal, mind)
        assert audit["anchored"] == audit["adopted"] == fed["fed"] > 0
        asked = "wooden aeroplane" if number == 0 else _a_phrase_of(file)
        memories = terminal.json("recall", asked, "--mind", mind)["memories"]
        assert asked.lower() in memories[0]["content"].lower()
        assert memories[0]["fields"]["dia_id"].startswith("D")


def _a_phrase_of(file: Path) -> str:
    """The first six words of a long turn."""
    turn = max(json.loads(file.read_text())["session_2"], key=lambda turn: len(turn["text"]))
    return " ".join(turn["text"].split()[:6])


def test_a_chat_keeps_its_roles(living: Terminal) -> None:
    parts = [{"type": "text", "text": "the invoice is paid"}]
    chat = [
        {"role": "user", "content": "was the invoice paid?"},
        {"role": "assistant", "content": parts},
    ]
    assert living.feed("--mind", "chat", stdin=json.dumps(chat))["fed"] == 2
    settled(living, "chat")
    shown = living.call("recall", "invoice", "--mind", "chat").stdout
    assert "user: was the invoice paid?" in shown
    assert "assistant: the invoice is paid" in shown
    answer = living.json("recall", "invoice", "--mind", "chat", "--field", "role=assistant")
    assert [memory["content"] for memory in answer["memories"]] == ["the invoice is paid"]
    assert "NAME=VALUE" in living.call("recall", "x", "--field", "role").stderr


def test_recall_shows_and_asks_who_and_when(living: Terminal) -> None:
    told, other = "my uncle came two days ago", "my uncle has a boat"
    chat = [
        {"role": "user", "name": "Ana", "content": told, "timestamp": "2023-05-17T10:00:00"},
        {"role": "user", "name": "Ben", "content": other, "timestamp": "2023-05-18T10:00:00"},
    ]
    assert living.feed("--mind", "who", stdin=json.dumps(chat))["fed"] == 2
    settled(living, "who")
    asked = ("recall", "uncle", "--mind", "who", "--who", "ana", "--on", "15 May 2023")
    shown = living.call(*asked, "--until", "2023-12-31").stdout
    assert shown.startswith("  1.00 2023-05-17 10:00:00")
    assert f"Ana: {told} (about 2023-05-15)" in shown
    assert "Ben" not in shown
    [memory] = living.json(*asked)["memories"]
    assert (memory["speaker"], memory["about"]) == ("Ana", [["2023-05-15", "2023-05-15"]])
    assert memory["said_at"] == datetime(2023, 5, 17, 10).timestamp() * 1000
    wrong = living.call("recall", "x", "--on", "soon")
    assert (wrong.returncode, "is no day" in wrong.stderr) == (1, True)


def test_history_is_remembered_as_of_its_day(living: Terminal) -> None:
    """However a line says when it was, and whatever else it says."""
    told: list[dict[str, Any]] = [
        {"content": "the pear tree fell", "date": "Wed, 17 May 2023 10:00:00 +0000", "id": 7},
        {"content": "the pear tree grew", "created_at": 1526551200, "extra": "x"},
        {"content": "the pear tree is now a table", "timestamp": None},
    ]
    lines = "\n".join(map(json.dumps, told)).encode()
    assert living.feed("--mind", "history", stdin=b"\xef\xbb\xbf" + lines)["fed"] == 3
    settled(living, "history")

    def found(*words: str) -> list[str]:
        answer = living.json("recall", *words, "--mind", "history")
        return [memory["content"] for memory in answer["memories"]]

    fell, grew, table = (str(one["content"]) for one in told)
    assert set(found("pear tree", "--until", "2023-05-17")) == {fell, grew}
    assert found("pear tree", "--until", "2023-05-16") == [grew]
    assert found("pear tree", "--since", "2024-01-01") == [table]
    assert found("pear tree", "--on", "May 2018") == [grew]
    assert found("what happened to the pear tree in May 2023?")[0] == fell
    shown = living.call("recall", "pear tree fell", "--limit", "1", "--mind", "history").stdout
    line = " ".join(shown.split()[1:3])
    assert found("pear tree", "--since", line, "--until", line) == [fell]
    [memory] = living.json("recall", "fell", "--limit", "1", "--mind", "history")["memories"]
    assert memory["fields"]["source_id"] == "7"


def test_what_is_too_large_is_refused(living: Terminal) -> None:
    large = "x" * 70_000
    answer = living.feed("--mind", "large", stdin=f"one\n{large}\ntwo\n", code=1)
    assert (answer["fed"], answer["bad"]) == (2, 1)
    assert "70,0" in answer["bad_lines"][0]["reason"]
    assert "streams.max_thought_bytes" in living.json("think", large, code=1)["error"]


def test_a_standard_input_that_is_closed_is_told(living: Terminal) -> None:
    command = ["sh", "-c", 'exec "$@" <&-', "sh", *PROGRAM, "feed", "-"]
    done = subprocess.run(command, env=living.environment(), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"standard input is closed" in done.stderr and b"Traceback" not in done.stderr


LINES = "one\n\ntwo\n\xff\nthree\n".encode("latin-1")


def test_bad_lines_are_told_and_counted_and_the_rest_is_fed(living: Terminal) -> None:
    words = ["--format", "text", "--mind", "bad lines"]
    answer = living.feed(*words, stdin=LINES, code=1)
    assert (answer["fed"], answer["bad"]) == (3, 1)
    (bad,) = answer["bad_lines"]
    assert bad["line"] == 4 and bad["reason"].startswith("is not UTF-8")
    plain = living.run("feed", "-", *words, stdin=LINES)
    assert plain.returncode == 1 and "line 4: is not UTF-8" in plain.stderr
    strict = living.feed(*words, "--strict", stdin=LINES, code=1)
    assert (strict["fed"], strict["bad"]) == (2, 1)


def wait_until_adopted(living: Terminal, mind: str, thoughts: int) -> None:
    """All that was written competes, or did; memories that came back meanwhile count, too."""

    def all_are() -> bool:
        audit = living.json("audit", "--mind", mind)
        assert audit["rejected"] == 0
        return bool(audit["adopted"] >= thoughts)

    wait_until(all_are, "all are adopted")


@pytest.mark.parametrize("pace", [[], ["--rate", "200"], ["--flood"]])
def test_at_every_pace_all_is_written(living: Terminal, pace: list[str]) -> None:
    mind = f"pace {' '.join(pace)}"
    lines = "\n".join(json.dumps({"content": f"n {n}", "salience": 0.9}) for n in range(80))
    answer = living.feed(*pace, "--mind", mind, stdin=lines)
    assert answer["fed"] == 80 and answer["bad"] == 0
    wait_until_adopted(living, mind, 80)


def test_when_nobody_attends_feeding_says_so(terminal: Terminal) -> None:
    terminal.up()
    terminal.kill("service")
    failed = terminal.feed(stdin="\n".join(["x"] * 100), code=1)
    assert (
        "the mind does not attend" in failed["error"]
        and "(thoughts fed before that: 50)" in failed["error"]
    )


def test_sense_writes_and_ends_by_itself(living: Terminal, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.touch()
    words = ["--only", "memory", "--log", str(log), "--interval", "0.2", "--mind", "body"]
    with living.start("sense", *words, "--duration", "5", "--json") as sensing:
        assert sensing.stdout is not None and sensing.stderr is not None
        first = first_line(sensing, log)
        out, errors = sensing.stdout.read(), sensing.stderr.read()
    assert (sensing.returncode, errors) == (0, "")
    *thoughts, summary = [json.loads(line) for line in [first, *out.splitlines()]]
    assert f"log {log}" in {thought["sense"] for thought in thoughts}
    assert sum(summary["written"].values()) == len(thoughts)
    assert summary["untold"] > 0 and summary["failed"] == {}
    wait_until_adopted(living, "body", len(thoughts))


def first_line(sensing: subprocess.Popen[str], log: Path) -> str:
    """The first line that it prints, while somebody writes this log."""
    assert sensing.stdout is not None
    with selectors.DefaultSelector() as read:
        read.register(sensing.stdout, selectors.EVENT_READ)
        while not read.select(timeout=0.1):
            with log.open("a") as file:
                file.write("error: disk on fire\n")
    return sensing.stdout.readline()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_sense_ends_well_when_it_is_told_to(
    living: Terminal, tmp_path: Path, how: signal.Signals
) -> None:
    log = tmp_path / "app.log"
    log.touch()
    words = ["--only", "memory", "--log", str(log), "--interval", "0.1", "--mind", "logs"]
    sensing = living.start("sense", *words, "--json")
    first_line(sensing, log)
    sensing.send_signal(how)
    out, errors = sensing.communicate(timeout=30)
    assert (sensing.returncode, errors) == (0, "")
    assert json.loads(out.splitlines()[-1])["written"][f"log {log}"] >= 1


def test_a_log_that_fails_is_told_and_followed_again(living: Terminal, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.touch()
    words = ["--only", "memory", "--log", str(log), "--mind", "failing"]
    with living.start("sense", *words, "--json") as sensing:
        assert sensing.stdout is not None and sensing.stderr is not None
        first_line(sensing, log)
        log.rename(tmp_path / "app.log.1")
        log.symlink_to(log)  # can't be opened, whoever asks
        assert "sense.failed" in sensing.stderr.readline()
        log.unlink()
        log.write_text("error: it is back\n")
        while "it is back" not in sensing.stdout.readline():
            pass
        sensing.send_signal(signal.SIGINT)
        *_, summary = sensing.stdout.read().splitlines()
    assert sensing.returncode == 0
    assert json.loads(summary)["failed"][f"log {log}"] >= 1


def test_a_log_that_is_not_there_is_an_error(living: Terminal) -> None:
    assert living.json("sense", "--log", "/none", code=1)["error"].startswith("--log: /none: ")
