"""What commands print: answers on stdout, for people or as JSON, and errors."""

import dataclasses
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console

from thoughtstream.faces.cli import style


class ReaderGone(Exception):
    """Whoever read our output has closed it: there is nothing more to say."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise ReaderGone from None  # rich would exit, in the middle of a task


stdout = _Console(highlight=False, emoji=False)
stderr = _Console(stderr=True, highlight=False, emoji=False)


def print_json(answer: Any) -> None:
    """One JSON value, on one line of stdout."""
    try:
        sys.stdout.write(_utf8(json.dumps(plain(answer), ensure_ascii=False)) + "\n")
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
    answer(value, as_json, lambda: stdout.print(f"[green]✓[/] {what}", style.text(which)))


def complain(message: str, as_json: bool) -> None:
    """Print an error: JSON on stdout for programs, a line on stderr for people."""
    if as_json:
        print_json({"error": message})
    else:
        stderr.print("[bold red]error[/]", end=" ")
        stderr.print(_utf8(message), markup=False, soft_wrap=True)


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


def count(number: int, thing: str) -> str:
    """`1 thought`, `2,000 thoughts`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def short(path: Path) -> str:
    """A path as a person would write it."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def plain(value: Any) -> Any:
    """A value as plain JSON types: records (dataclasses, named tuples) become objects."""
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: plain(getattr(value, name)) for name in names}
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)
