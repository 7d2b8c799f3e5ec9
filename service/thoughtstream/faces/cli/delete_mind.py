"""`thoughtstream delete-mind`: a whole mind, for good."""

from typing import Annotated

import typer

from thoughtstream import Mind
from thoughtstream.deletion import Deletion
from thoughtstream.faces.cli import event_loop, exit_codes, output, style
from thoughtstream.faces.cli.options import Json, examples

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
    interrupted, run it again. Backups and the log of Redis (until it is rewritten) still have it.
    """
    if confirm not in (None, name):
        raise typer.BadParameter(f"--confirm: is {confirm!r}; to delete it, give {name!r}")
    with output.stderr.status("deleting" if confirm else "looking"):
        found = event_loop.run(_delete(name, confirm))
    output.answer(output.plain(found), json, lambda: _show(found))
    if found.anew:
        exit_codes.stop(exit_codes.FAILED)


async def _delete(name: str, confirm: str | None) -> Deletion:
    async with Mind.connect(name) as mind:
        return await mind.delete(confirm=confirm, dry_run=confirm is None)


def _show(found: Deletion) -> None:
    size = "" if found.bytes is None else f", about {found.bytes / 1e6:,.1f} MB"
    counts = ", ".join(f"{count:,} {kind}" for kind, count in found.memories.items())
    output.stdout.print("would delete" if found.dry_run else "[green]✓[/] deleted", end=" ")
    output.stdout.print(style.text(found.mind))
    output.stdout.print(
        f"  {sum(found.memories.values()):,} memories ({counts}), {found.forgotten:,} forgotten, "
        f"{found.merged:,} merged, {found.thoughts:,} in windows{size}"
    )
    for one in found.wrote:
        who = f"in {one.window}" + (f" from {one.source}" if one.source else "")
        thoughts = output.count(one.thoughts, "thought")
        output.stdout.print(f"  in the last minute: {thoughts}", style.text(who))
    if found.anew:
        output.stdout.print(
            "[red]✗[/] somebody still writes to it: there is a new mind of this name"
        )
    if found.dry_run:
        output.stdout.print("To delete it, repeat its name with --confirm", style="dim")
