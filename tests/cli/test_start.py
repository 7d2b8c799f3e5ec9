"""What is imported before a command is known: nearly nothing."""

import os
import subprocess
import sys

import pytest
from typer.main import get_command

from tests.cli.conftest import PROGRAM, Terminal
from thoughtstream.faces.cli.app import app
from thoughtstream.faces.cli.commands import NAMES
from thoughtstream.faces.cli.options import paragraphs

HEAVY = {"redis", "pydantic", "pydantic_settings", "structlog", "uvloop", "rich", "asyncio", "mcp"}
_UNUSED = ("thoughtstream.memory.", "thoughtstream.senses.", "thoughtstream.service")
COMPLETE = {"_THOUGHTSTREAM_COMPLETE": "complete_bash", "COMP_CWORD": "1"}


def imported(*words: str, **environment: str) -> set[str]:
    """The packages that the program imports, called like this; of ours, the modules."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *PROGRAM[1:], *words],
        env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]
    return {line if line.startswith("thoughtstream.") else line.partition(".")[0] for line in lines}


@pytest.mark.parametrize("words", [("--help",), ("--version",), ()])
def test_help_imports_no_engine(words: tuple[str, ...]) -> None:
    assert imported(*words) & HEAVY == set()


@pytest.mark.parametrize("words", [("status",), ("think", "the kettle is on")])
def test_a_quick_command_imports_only_what_it_needs(
    living: Terminal, words: tuple[str, ...]
) -> None:
    found = imported(*words, THOUGHTSTREAM_HOME=str(living.home))
    assert "thoughtstream.store.client" in found
    assert found & {"structlog", "psutil", "pygments", "snowballstemmer"} == set()
    assert {name for name in found if name.startswith(_UNUSED)} == set()


def test_completion_offers_names_without_importing_them(terminal: Terminal) -> None:
    assert imported(**COMPLETE, COMP_WORDS="thoughtstream th") & HEAVY == set()
    terminal.env |= COMPLETE | {"COMP_WORDS": "thoughtstream th"}
    assert terminal.run().stdout.split() == ["think"]


def test_nobody_looks_for_garbage_in_what_a_command_imports() -> None:
    code = (
        "import atexit, gc; from thoughtstream.faces.cli import main; "
        "atexit.register(lambda: print(gc.isenabled(), gc.get_freeze_count() > 10_000)); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "think"], capture_output=True, text=True, check=False
    )
    assert "Missing argument 'content'" in done.stderr
    assert done.stdout == "True True\n"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_help_says_of_a_command_what_itself_says(name: str) -> None:
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    assert NAMES[name] == paragraphs(command.help).partition("\n")[0]
