"""The command line, and how each way of failing ends: in one line, with the right exit code."""

import os
import sys
import warnings
from io import TextIOWrapper
from types import TracebackType
from typing import Annotated

import typer

from thoughtstream.errors import ThoughtstreamError
from thoughtstream.faces.cli import exit_codes
from thoughtstream.faces.cli.commands import Commands

# What only a command needs is imported where it is used: completion runs at each press of a key.

app = typer.Typer(
    cls=Commands,
    name="thoughtstream",
    help="Competing thought streams on Redis: a mind that attends, forgets and remembers.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"thoughtstream {version('thoughtstream')}")
        raise typer.Exit


_QUICK = {"status", "think"}
"""Nothing that these call writes a log, or is anybody else's code: they start without structlog,
and without OpenTelemetry's metrics, which redis-py imports wherever they are installed.
"""


@app.callback()
def _root(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version, and exit."
        ),
    ] = False,
) -> None:
    """Competing thought streams on Redis: a mind that attends, forgets and remembers."""
    from thoughtstream.faces.cli import output

    if ctx.invoked_subcommand not in _QUICK:
        from thoughtstream.faces.cli import logging_setup

        logging_setup.log_to_stderr()
    warnings.showwarning = output.warn


def main() -> None:
    """The entry point."""
    sys.excepthook = _tell_of
    if not _QUICK.isdisjoint(sys.argv[1:2]):
        sys.modules.setdefault("opentelemetry.sdk.metrics", None)  # type: ignore[arg-type]
    _tolerate_any_encoding()
    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="thoughtstream", standalone_mode=False)
    except typer.TyperException as error:
        message = " ".join(error.format_message().split())
        if message:
            _complain(f"{message} (see `--help`)")
        code = error.exit_code
    except exit_codes.Failed as error:
        _complain(str(error))
        code = error.code
    except ThoughtstreamError as error:
        _complain(str(error))
        code = exit_codes.of(error)
    except exit_codes.ReaderGone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = exit_codes.OK
    except OSError as error:
        _complain(f"{error.filename or 'this system'}: {error.strerror or error}")
        code = exit_codes.FAILED
    except typer.Abort:
        code = exit_codes.INTERRUPTED
    sys.exit(code if isinstance(code, int) else exit_codes.OK)


def _complain(message: str) -> None:
    from thoughtstream.faces.cli import output

    output.complain(message, "--json" in sys.argv[1:])


def _tell_of(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    from thoughtstream.faces.cli import faults

    faults.tell_of(kind, error, trace)


def _tolerate_any_encoding() -> None:
    """What a terminal has no characters for is shown as `?`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
