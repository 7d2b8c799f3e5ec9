"""Options and help that all commands share."""

from typing import Annotated

import typer

DEFAULT_MIND = "default"

MindName = Annotated[
    str, typer.Option("--mind", envvar="THOUGHTSTREAM_MIND", help="The mind to work on.")
]
QueueName = Annotated[str, typer.Argument(help="The queue.")]
TaskId = Annotated[str, typer.Argument(help="The task's id, as `submit` printed it.")]
IdempotencyKey = Annotated[
    str | None,
    typer.Option(metavar="KEY", help="Asked again with this key within a day, it is done once."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, errors included.")]


def paragraphs(doc: str | None) -> str:
    """A docstring as help: each paragraph is one line, for the terminal to wrap."""
    return "\n\n".join(" ".join(part.split()) for part in (doc or "").split("\n\n"))


def examples(*lines: str) -> str:
    """The epilog of a command's help."""
    return "\n\n".join(["[bold]Examples[/bold]", *(f"[cyan]$ {line}[/cyan]" for line in lines)])


def pairs(given: list[str], option: str) -> dict[str, str]:
    """NAME=VALUE options as a dict.

    Raises:
        BadParameter: one has no `=`.
    """
    for pair in given:
        if not pair.partition("=")[0] or "=" not in pair:
            raise typer.BadParameter(f"{option} {pair}: is not NAME=VALUE")
    return dict(pair.split("=", 1) for pair in given)
