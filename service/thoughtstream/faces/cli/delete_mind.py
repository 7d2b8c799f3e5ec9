"""`thoughtstream delete-mind`: a whole mind, for good."""

from typing import Annotated

import typer

from thoughtstream import Mind
from thoughtstream.deletion import Deletion
from thoughtstream.faces.cli import event_loop, exit_codes, output
from thoughtstream.faces.cli.options import Json, examples
from thoughtstream.faces.plain import plain

EXAMPLES = examples(
    "thoughtstream delete-mind ana                 # what would go?",
    "thoughtstream delete-mind ana --confirm ana   # delete it",
)


def delete_mind(
    name: Annotated[str, typer.Argument(metavar="MIND", help="The mind.")],
    confirm: Annotated[
        str | None, typer.Option(metavar="MIND", help="Its name once more: delete it.")
    ] = None,
    json: Json = False,
) -> None:
    """Show what a mind has, or delete all of it; this can't be undone: `export` it before.

    Whoever goes on writing to it makes it anew; who wrote in the last minute is shown. If it was
    interrupted, run it again. Backups, and Redis's append-only file until it is rewritten, still
    have it.
    """
    if confirm not in (None, name):
        raise typer.BadParameter(f"--confirm: is {confirm!r}; to delete it, give {name!r}")
    with output.stderr.status("deleting" if confirm else "looking"):
        found = event_loop.run(_delete(name, confirm))
    if found.is_empty:
        raise exit_codes.Failed(f"{name}: there is no such mind; `thoughtstream status` lists all")
    output.answer(plain(found), json, lambda: _show(found))
    if found.anew:
        exit_codes.stop(exit_codes.FAILED)


async def _delete(name: str, confirm: str | None) -> Deletion:
    async with Mind.connect(name) as mind:
        return await mind.delete(confirm=confirm, dry_run=confirm is None)


def _show(found: Deletion) -> None:
    size = "" if found.bytes is None else f", about {found.bytes / 1e6:,.1f} MB"
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in found.memories.items())
    memories = output.count(sum(found.memories.values()), "memory", "memories")
    others = f"{found.forgotten:,} forgotten, {found.merged:,} merged, {found.thoughts:,}"
    output.say("would delete {}" if found.dry_run else "[green]✓[/] deleted {}", found.mind)
    output.say("  {} ({}), {} in windows{}", memories, kinds, others, size)
    for one in found.wrote:
        who = f"in {one.window}" + (f" from {one.source}" if one.source else "")
        thoughts = output.count(one.thoughts, "thought")
        output.say("  in the last minute: {} {}", thoughts, who)
    if found.anew:
        output.say("[red]✗[/] somebody still writes to it: there is a new mind of this name")
    if found.dry_run:
        output.say("[dim]To delete it, repeat its name with --confirm[/]")
