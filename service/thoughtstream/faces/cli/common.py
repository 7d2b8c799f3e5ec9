"""What all commands share: options, output, and how errors end."""

import dataclasses
import json
import logging
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import structlog
import typer
import uvloop
from rich.console import Console

MindName = Annotated[
    str,
    typer.Option("--mind", envvar="THOUGHTSTREAM_MIND", help="The mind that this is about."),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, also with errors.")]
DEFAULT_MIND = "default"

OK, FAILED, USAGE, BAD_CONFIG = 0, 1, 2, 78


class ReaderGone(Exception):
    """Whoever read our output has closed it: there is nothing more to say."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise ReaderGone from None  # rich would exit, in the middle of a task


out = _Console(highlight=False)
err = _Console(stderr=True, highlight=False)

Answer = TypeVar("Answer")


class Failed(Exception):
    """Ends the command: a message of one line, and the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def examples(*lines: str) -> str:
    """The epilog of a command's help."""
    return "\n\n".join(["[bold]Examples[/bold]", *(f"[cyan]$ {line}[/cyan]" for line in lines)])


def run(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a command's asynchronous part; an error of a task group ends as that error."""
    try:
        return uvloop.run(work)
    except BaseExceptionGroup as errors:
        error: BaseException = errors
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None


def print_json(answer: Any) -> None:
    """One JSON value, on one line of stdout."""
    try:
        sys.stdout.write(json.dumps(plain(answer), ensure_ascii=False) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderGone from None


def answer(value: Any, as_json: bool, show: Callable[[], None]) -> None:
    """Print what a command found: as JSON, or as `show` shows it to a person."""
    if as_json:
        print_json(value)
    else:
        show()


def complain(message: str, as_json: bool) -> None:
    """Print an error: JSON on stdout for programs, a line on stderr for people."""
    if as_json:
        print_json({"error": message})
    else:
        err.print("[bold red]error[/]", end=" ")
        err.print(message, markup=False, soft_wrap=True)


def stop(code: int) -> NoReturn:
    """End with an exit code."""
    raise typer.Exit(code)


def count(number: int, thing: str) -> str:
    """`1 thought`, `2,000 thoughts`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def short(path: Path) -> str:
    """A path as a person writes it."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def log_to_stderr(form: str = "console", level: int = logging.WARNING) -> None:
    """Logs go to stderr, readable or as JSON lines; stdout is for answers."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def plain(value: Any) -> Any:
    """A value as JSON has it: records (dataclasses, named tuples) are objects."""
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
