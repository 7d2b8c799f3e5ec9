"""Options and help that all commands share."""

from typing import Annotated

import typer

DEFAULT_MIND = "default"

MindName = Annotated[
    str, typer.Option("--mind", envvar="THOUGHTSTREAM_MIND", help="The mind to work on.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, errors included.")]


def examples(*lines: str) -> str:
    """The epilog of a command's help."""
    return "\n\n".join(["[bold]Examples[/bold]", *(f"[cyan]$ {line}[/cyan]" for line in lines)])
