"""`thoughtstream merged` and `unmerge`: what sleep merged, and how to take it back."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from thoughtstream import Mind
from thoughtstream.faces.cli import event_loop, output
from thoughtstream.faces.cli.options import DEFAULT_MIND, Json, MindName, examples
from thoughtstream.memory.merged import Merged

EXAMPLES = examples("thoughtstream merged", "thoughtstream merged --json | jq .merged[].entry")
UNMERGE_EXAMPLES = examples("thoughtstream unmerge 1700000000000-0")


def merged(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Maximum number to show.")] = 20,
    before: Annotated[str, typer.Option(help="Only entries before this one (for paging).")] = "+",
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """List the memories that sleep merged into others that say the same."""
    found = event_loop.run(_merged(mind, limit, before))
    next_ = found[-1].entry if len(found) == limit else None
    answer = {"mind": mind, "merged": [one._asdict() for one in found], "next": next_}
    output.answer(answer, json, lambda: _show(mind, found, next_))


def unmerge(
    entry: Annotated[str, typer.Argument(help="The entry id, as shown by `merged`.")],
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Take a merge back: the memory is one of its own again, and stays so."""
    found = event_loop.run(_unmerge(mind, entry))
    output.answer({"id": found}, json, lambda: output.say("[green]✓[/] {} is back", found))


async def _merged(name: str, limit: int, before: str) -> list[Merged]:
    async with Mind.connect(name) as mind:
        return await mind.merged(limit=limit, before=before)


async def _unmerge(name: str, entry: str) -> str:
    async with Mind.connect(name) as mind:
        return await mind.unmerge(entry)


def _show(mind: str, found: list[Merged], next_: str | None) -> None:
    if not found:
        output.stdout.print("Nothing has been merged.")
        return
    table = Table(box=None, header_style="dim")
    for name in ("entry", "merged", "into", "memory"):
        table.add_column(name)
    for one in found:
        when = output.moment(one.merged_at)
        table.add_row(*(escape(cell) for cell in (one.entry, when, one.into, one.content)))
    output.stdout.print(table)
    output.say_next("To take one back", "unmerge", "ENTRY", mind=mind)
    if next_:
        output.say_next("More", "merged", "--before", next_, mind=mind)
