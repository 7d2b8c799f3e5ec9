"""`export`, `import`, `delete-mind` and idempotency keys, against one running service."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal


@pytest.mark.parametrize("command", ["export", "import", "delete-mind"])
def test_each_explains_itself_with_an_example(living: Terminal, command: str) -> None:
    shown = living.call(command, "--help")
    assert shown.returncode == 0
    assert f"$ thoughtstream {command}" in shown.stdout
    assert "--json" in shown.stdout
    assert f" {command} " in living.call("--help").stdout


def test_a_mind_goes_through_a_pipe(living: Terminal) -> None:
    living.json("anchor", "the kettle \x1b[31m is on", "--mind", "piped")
    done = living.run("export", "--mind", "piped")
    assert done.returncode == 0 and "\x1b" not in done.stdout
    assert json.loads(done.stdout.splitlines()[-1])["end"] is True
    taken = living.run("import", "-", "--mind", "[red]other", "--json", stdin=done.stdout)
    found = json.loads(taken.stdout)
    assert (found["into"], found["mind"], found["memories"]) == ("[red]other", "piped", 1)
    assert living.json("recall", "kettle", "--mind", "[red]other")["memories"]
    assert living.json("audit", "--mind", "[red]other")["imported"] == 1
    again = living.run("import", "-", "--mind", "[red]other", stdin=done.stdout)
    assert "imported 0 memories" in again.stdout and "1 were here already" in again.stdout


def test_a_file_is_there_once_it_is_whole(living: Terminal, tmp_path: Path) -> None:
    living.json("anchor", "tea", "--mind", "filed")
    file = tmp_path / "filed.ndjson"
    told = living.json("export", str(file), "--mind", "filed")
    assert told["counts"] == {
        "episodic": 1,
        "semantic": 0,
        "procedural": 0,
        "forgotten": 0,
        "merged": 0,
    }
    assert told["lines"] == 3 and told["file"] == str(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["filed.ndjson"]
    assert "exported 1 memory" in living.call("export", str(file), "--mind", "filed").stdout
    text = file.read_text()
    file.write_text(text[: len(text) // 2])
    refused = living.json("import", str(file), "--mind", "again", code=1)
    assert "cut off" in refused["error"]
    assert not living.json("recall", "tea", "--mind", "again")["memories"]
    for command in ("export", "import"):
        wrong = living.json(command, str(tmp_path / "no such" / "file"), code=1)
        assert wrong["error"].startswith("FILE: ")


def test_a_mind_is_deleted_by_who_repeats_its_name(living: Terminal) -> None:
    name = "[b]gone\x1b"
    living.json("anchor", "tea", "--mind", name)
    shown = living.call("delete-mind", name)
    assert "would delete" in shown.stdout and "1 memory (" in shown.stdout
    assert "[b]gone" in shown.stdout and "\x1b" not in shown.stdout
    assert "in the last minute: 1 thought in sensory" in " ".join(shown.stdout.split())
    assert "--confirm" in living.json("delete-mind", name, "--confirm", "gone", code=2)["error"]
    assert living.json("recall", "tea", "--mind", name)["memories"]
    done = living.json("delete-mind", name, "--confirm", name)
    assert (done["dry_run"], done["anew"], done["memories"]["episodic"]) == (False, False, 1)
    assert not living.json("recall", "tea", "--mind", name)["memories"]


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_mind_that_is_not_there_is_said_not_to_be(living: Terminal, confirmed: bool) -> None:
    confirm = ("--confirm", "nosuch") if confirmed else ()
    assert "no such mind" in living.json("delete-mind", "nosuch", *confirm, code=1)["error"]


@pytest.mark.parametrize("command", ["think", "anchor"])
def test_one_key_is_one_thought(living: Terminal, command: str) -> None:
    words = (command, "tea", "--mind", f"asked {command}", "--idempotency-key", "k")
    assert living.json(*words) == living.json(*words)
    refused = living.json(command, "coffee", *words[2:], code=1)
    assert "another thought's" in refused["error"]
