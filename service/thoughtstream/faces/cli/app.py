"""The commands, and how each way of failing ends: in one line, with the right exit code."""

import os
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import version
from types import ModuleType
from typing import Annotated, Any

import typer

from thoughtstream.errors import ThoughtstreamError
from thoughtstream.faces.cli import (
    agents,
    anchor,
    audit,
    cache,
    delete_mind,
    doctor,
    down,
    exit_codes,
    faults,
    feed,
    forgotten,
    intervene,
    keys,
    logging_setup,
    memories,
    merged,
    output,
    packets,
    recall,
    scratch,
    sense,
    sleep,
    status,
    take_back,
    tasks,
    think,
    transfer,
    up,
    watch,
    work,
)
from thoughtstream.faces.cli.options import paragraphs

app = typer.Typer(
    name="thoughtstream",
    help="Competing thought streams on Redis: a mind that attends, forgets and remembers.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_PANELS: dict[str, dict[Callable[..., Any], str]] = {
    "The service": {
        up.up: up.EXAMPLES,
        down.down: down.EXAMPLES,
        status.status: status.EXAMPLES,
        doctor.doctor: doctor.EXAMPLES,
        keys.keys: keys.EXAMPLES,
    },
    "A mind": {
        think.think: think.EXAMPLES,
        feed.feed: feed.EXAMPLES,
        sense.sense: sense.EXAMPLES,
        watch.watch: watch.EXAMPLES,
        recall.recall: recall.EXAMPLES,
        sleep.sleep: sleep.EXAMPLES,
        merged.merged: merged.EXAMPLES,
        merged.unmerge: merged.UNMERGE_EXAMPLES,
        anchor.anchor: anchor.EXAMPLES,
        forgotten.forgotten: forgotten.EXAMPLES,
        take_back.take_back: take_back.EXAMPLES,
        intervene.intervene: intervene.EXAMPLES,
        audit.audit: audit.EXAMPLES,
        transfer.export: transfer.EXPORT_EXAMPLES,
        transfer.import_: transfer.IMPORT_EXAMPLES,
        delete_mind.delete_mind: delete_mind.EXAMPLES,
    },
    "Coordination": {
        work.work: work.EXAMPLES,
    },
}
_GROUPS: dict[ModuleType, dict[Callable[..., Any], str]] = {
    tasks: tasks.COMMANDS,
    agents: agents.COMMANDS,
    packets: packets.COMMANDS,
    cache: cache.COMMANDS,
    scratch: scratch.COMMANDS,
    memories: memories.COMMANDS,
}


def _register(to: typer.Typer, commands: dict[Callable[..., Any], str], panel: str | None) -> None:
    for command, its_examples in commands.items():
        says = paragraphs(command.__doc__)
        name = command.__name__.strip("_").replace("_", "-")
        to.command(name, rich_help_panel=panel, help=says, epilog=its_examples)(command)


for _panel, _commands in _PANELS.items():
    _register(app, _commands, _panel)
for _module, _commands in _GROUPS.items():
    _name = _module.__name__.rpartition(".")[2]
    _says = (_module.__doc__ or "").partition(": ")[2]
    _group = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")
    _register(_group, _commands, None)
    app.add_typer(
        _group,
        name=_name,
        help=_says[:1].upper() + _says[1:],
        rich_help_panel="A mind" if _module is memories else "Coordination",
    )


def _show_version(is_asked: bool) -> None:
    if is_asked:
        output.say("thoughtstream {}", version("thoughtstream"))
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version, and exit."
        ),
    ] = False,
) -> None:
    """Competing thought streams on Redis: a mind that attends, forgets and remembers."""


def main() -> None:
    """The entry point."""
    as_json = "--json" in sys.argv[1:]
    sys.excepthook = faults.tell_of
    output.tolerate_any_encoding()
    logging_setup.log_to_stderr()
    warnings.showwarning = output.warn
    try:
        code = app(prog_name="thoughtstream", standalone_mode=False)
    except typer.TyperException as error:
        message = " ".join(error.format_message().split())
        if message:
            output.complain(f"{message} (see `--help`)", as_json)
        code = error.exit_code
    except exit_codes.Failed as error:
        output.complain(str(error), as_json)
        code = error.code
    except ThoughtstreamError as error:
        output.complain(str(error), as_json)
        code = exit_codes.FAILED
    except OSError as error:
        output.complain(f"{error.filename or 'this system'}: {error.strerror or error}", as_json)
        code = exit_codes.FAILED
    except output.ReaderGone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = exit_codes.OK
    except typer.Abort:
        code = exit_codes.INTERRUPTED
    sys.exit(code if isinstance(code, int) else exit_codes.OK)
