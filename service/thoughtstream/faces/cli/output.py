"""What commands print: answers on stdout, for people or as JSON, and errors."""

import json
import os
import shlex
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult

from thoughtstream import discretion
from thoughtstream.faces.cli import style
from thoughtstream.faces.cli.exit_codes import ReaderGone
from thoughtstream.faces.cli.options import DEFAULT_MIND
from thoughtstream.faces.plain import plain


class _Clean:
    """What is printed, without the control characters that others' text has brought into it."""

    def __init__(self, shown: ConsoleRenderable) -> None:
        self._shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self._shown, options):
            yield segment if segment.control else segment._replace(text=style.clean(segment.text))


class _Cleaning(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Clean(each) for each in renderables]


class _Console(Console):
    """The one printer."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, emoji=False)
        self.push_render_hook(_Cleaning())

    def on_broken_pipe(self) -> None:
        raise ReaderGone from None  # rich would exit, in the middle of a task


stdout = _Console()
stderr = _Console(stderr=True)


def print_json(answer: Any) -> None:
    """One JSON value, on one line of stdout."""
    is_unicode = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    text = json.dumps(plain(answer), ensure_ascii=not is_unicode, allow_nan=False)
    try:
        sys.stdout.write(_utf8(text) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderGone from None


def answer(value: Any, as_json: bool, show: Callable[[], None]) -> None:
    """Print a command's answer: as JSON, or for a person, by `show`."""
    if as_json:
        print_json(value)
    else:
        show()


def done(value: Any, as_json: bool, what: str, which: str) -> None:
    """Print that something is done: to what."""
    answer(value, as_json, lambda: say("[green]✓[/] {} {}", what, which))


def complain(message: str, as_json: bool) -> None:
    """Print an error: JSON on stdout for programs, a line on stderr for people."""
    message = discretion.without_secrets(message)
    if as_json:
        print_json({"error": message})
    else:
        stderr.print("[bold red]error[/]", end=" ")
        lines = "\n".join(style.text(line).plain for line in message.splitlines())
        stderr.print(lines, markup=False, soft_wrap=True)


def warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning on stderr, in the place of `warnings.showwarning`: what it says only."""
    stderr.print("[bold yellow]warning[/]", end=" ")
    stderr.print(_utf8(str(message)), markup=False, soft_wrap=True)


def moment(ms: int) -> str:
    """A time, in ms since 1970, as a person reads it."""
    try:
        return datetime.fromtimestamp(ms / 1000).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):  # a producer's `at` may be any number
        return f"{ms} ms"


def _utf8(text: str) -> str:
    """What stands for bytes that are no UTF-8 becomes `\\udcff`, which JSON understands."""
    return text.encode(errors="backslashreplace").decode()


def say(markup: str, *values: object, soft_wrap: bool = True) -> None:
    """Print a line of our markup, with what is foreign in place of each `{}`."""
    stdout.print(style.filled(markup, *values), soft_wrap=soft_wrap)


def say_next(what_for: str, *words: str, mind: str) -> None:
    """Say what to type next, and what for: a command of ours on the same mind."""
    of = () if mind == DEFAULT_MIND else ("--mind", mind)
    say("[dim]{}: thoughtstream {}[/]", what_for, shlex.join([*words, *of]))


def say_aside(message: str) -> None:
    """Tell a person on stderr what goes on meanwhile."""
    said = style.text(discretion.without_secrets(message))
    stderr.print(said, style="dim", soft_wrap=True)


def count(number: int, thing: str, things: str | None = None) -> str:
    """`1 thought`, `2,000 thoughts`; `things`: where the plural is another than with an s."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def short(path: Path) -> str:
    """A path as a person would write it."""
    home = Path("~").expanduser() if "HOME" in os.environ else path
    return f"~/{path.relative_to(home)}" if home in path.parents else str(path)
