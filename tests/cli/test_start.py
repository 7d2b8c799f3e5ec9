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
COMPLETE = {"_THOUGHTSTREAM_COMPLETE": "complete_bash", "COMP_CWORD": "1"}


def imported(*words: str, **environment: str) -> set[str]:
    """The packages that the program imports, called like this."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *PROGRAM[1:], *words],
        env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]
    return {line.partition(".")[0] for line in lines}


@pytest.mark.parametrize("words", [("--help",), ("--version",), ()])
def test_help_imports_no_engine(words: tuple[str, ...]) -> None:
    assert imported(*words) & HEAVY == set()


def test_completion_offers_names_without_importing_them(terminal: Terminal) -> None:
    assert imported(**COMPLETE, COMP_WORDS="thoughtstream th") & HEAVY <= {"pydantic"}  # typer's
    terminal.env |= COMPLETE | {"COMP_WORDS": "thoughtstream th"}
    assert terminal.run().stdout.split() == ["think"]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_help_says_of_a_command_what_itself_says(name: str) -> None:
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    assert NAMES[name] == paragraphs(command.help).partition("\n")[0]
