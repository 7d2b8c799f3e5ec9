"""What others wrote is shown as text: it commands neither the terminal nor our markup."""

import ast
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal
from tests.servers import RedisServer
from thoughtstream.faces import cli
from thoughtstream.faces.cli import output, style

ODD = "[/x] [red]no[/] \x1b[2Jgone\x07 \u202eevil\x9b31m"
SHOWN = "[/x] [red]no[/] �[2Jgone� �evil�31m"


@pytest.fixture
def odd(terminal: Terminal, server: RedisServer) -> Terminal:
    """A terminal on a server with nothing in it; no service runs."""
    terminal.env["REDIS_URL"] = server.url
    return terminal


def test_others_text_is_shown_and_not_obeyed(odd: Terminal) -> None:
    odd.call("anchor", f"a {ODD}", "--mind", ODD, "--window", ODD)
    for words in (("status",), ("recall", "no", "--mind", ODD), ("watch", "--once"),
                  ("audit", "--mind", ODD), ("forgotten", "--mind", ODD),
                  ("sleep", "--mind", ODD), ("take-back", ODD, "--mind", ODD),
                  ("intervene", ODD, "veto", "--mind", ODD), ("agents", "show", ODD)):  # fmt: skip
        done = odd.call(*words)
        said = done.stdout + done.stderr
        assert not set("\x1b\x07\x9b\u202e") & set(said), words
        assert "Traceback" not in said
    assert "[/x] [red]no[/]" in odd.call("status").stdout
    assert SHOWN in odd.call("recall", "no", "--mind", ODD).stdout


def test_what_fills_a_line_keeps_the_lines_style_and_its_own_letters() -> None:
    line = style.filled("[bold]{}[/] of {}", "[red]\\", "a[/]\n")
    assert line.plain == "[red]\\ of a[/]�"
    assert [(span.start, span.end, span.style) for span in line.spans if span] == [(0, 6, "bold")]


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_terminal_of_any_encoding_gets_no_traceback(odd: Terminal, encoding: str) -> None:
    odd.env["PYTHONIOENCODING"] = encoding
    odd.call("anchor", "καφές", "--mind", "Пётр")
    for words in (("status",), ("recall", "καφές", "--mind", "Пётр"), ("--help",), ("nö",)):
        done = odd.run(*words)
        assert "Traceback" not in done.stderr and "Error" not in done.stderr
    found = json.loads(odd.run("recall", "καφές", "--mind", "Пётр", "--json").stdout)
    assert found["memories"][0]["content"] == "καφές"


def test_json_has_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"score": float("nan"), "all": [float("inf"), 0.5]})
    assert json.loads(capsys.readouterr().out) == {"score": None, "all": [None, 0.5]}


def test_no_text_is_put_into_our_markup() -> None:
    """`print` of an f-string with markup obeys what is in it: `output.say` doesn't."""
    wrong = [
        f"{file.name}:{call.lineno}"
        for file in Path(str(cli.__file__)).parent.rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "print"
        and any(isinstance(given, ast.JoinedStr) for given in call.args)
        and not any(option.arg == "markup" for option in call.keywords)
    ]
    assert wrong == []
