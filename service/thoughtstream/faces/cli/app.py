"""The commands, and how each way of failing ends: in one line, with the right exit code."""

import os
import sys

import typer

from thoughtstream.config import ConfigError
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.faces.cli import (
    anchor,
    audit,
    common,
    doctor,
    feed,
    forgotten,
    intervene,
    keys,
    recall,
    sense,
    sleep,
    status,
    think,
    up,
    watch,
)

app = typer.Typer(
    name="thoughtstream",
    help="Competing thought streams on Redis: a mind that attends, forgets and remembers.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_PANELS = {
    "Running it": (up.up, up.down, status.status, doctor.doctor, keys.keys),
    "A mind": (
        think.think,
        feed.feed,
        sense.sense,
        watch.watch,
        recall.recall,
        sleep.sleep,
        anchor.anchor,
        forgotten.forgotten,
        forgotten.take_back,
        intervene.intervene,
        audit.audit,
    ),
}
_EXAMPLES = {
    "up": up.EXAMPLES,
    "down": up.DOWN_EXAMPLES,
    "status": status.EXAMPLES,
    "doctor": doctor.EXAMPLES,
    "keys": keys.EXAMPLES,
    "think": think.EXAMPLES,
    "feed": feed.EXAMPLES,
    "sense": sense.EXAMPLES,
    "watch": watch.EXAMPLES,
    "recall": recall.EXAMPLES,
    "sleep": sleep.EXAMPLES,
    "intervene": intervene.EXAMPLES,
    "anchor": anchor.EXAMPLES,
    "forgotten": forgotten.EXAMPLES,
    "take_back": forgotten.TAKE_BACK_EXAMPLES,
    "audit": audit.EXAMPLES,
}
for _panel, _commands in _PANELS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel, epilog=_EXAMPLES[_command.__name__])(_command)


@app.callback()
def _root() -> None:
    """Competing thought streams on Redis: a mind that attends, forgets and remembers."""


def main() -> None:
    """The entry point."""
    as_json = "--json" in sys.argv[1:]
    common.log_to_stderr()
    try:
        code = app(prog_name="thoughtstream", standalone_mode=False)
    except typer.TyperException as error:
        message = " ".join(error.format_message().split())
        if message:
            common.complain(f"{message} (`--help` tells more)", as_json)
        code = error.exit_code
    except common.Failed as error:
        common.complain(str(error), as_json)
        code = error.code
    except (ThoughtstreamError, ConfigError) as error:
        common.complain(str(error), as_json)
        code = common.FAILED
    except common.ReaderGone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = common.OK
    except typer.Abort:
        code = 130
    sys.exit(code if isinstance(code, int) else common.OK)
