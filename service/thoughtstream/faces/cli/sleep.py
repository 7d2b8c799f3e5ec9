"""`thoughtstream sleep`: consolidate what a mind remembers."""

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from thoughtstream import Mind
from thoughtstream.faces.cli import event_loop, output
from thoughtstream.faces.cli.options import DEFAULT_MIND, Json, MindName, examples
from thoughtstream.faces.cli.progress import OnProgress, progress
from thoughtstream.faces.plain import plain
from thoughtstream.memory.sleep import SleepReport

EXAMPLES = examples(
    "thoughtstream sleep --dry-run",
    "thoughtstream sleep --mind ana",
    "thoughtstream sleep --json | jq .distilled",
)

_SHOWN = 10


def sleep(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done; change nothing.")
    ] = False,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Consolidate memory: merge what says the same, strengthen what matters, distil what repeats.

    An interrupted sleep is resumed. `thoughtstream merged` lists what was merged, and
    `thoughtstream unmerge` takes it back.
    """
    with progress("asleep", quiet=json) as on_progress:
        report = event_loop.run(_sleep(mind, dry_run, on_progress))
    output.answer({"mind": mind, **plain(report)}, json, lambda: _show(report))


async def _sleep(name: str, dry_run: bool, on_progress: OnProgress) -> SleepReport:
    async with Mind.connect(name) as mind:
        return await mind.sleep(dry_run=dry_run, on_progress=on_progress)


def _show(report: SleepReport) -> None:
    session = f"session {report.session}{', resumed' if report.resumed else ''}"
    how = "dry run: nothing changed" if report.dry_run else session
    memories = output.count(report.memories, "memory", "memories")
    output.say("[green]✓[/] reviewed {} [dim]({})[/]", memories, how)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    _rows(table, "strengthened", [
        (m["id"], f"priority {m['priority']:.2f}, strength {m['strength']:.2f}")
        for m in report.replayed
    ])  # fmt: skip
    _rows(table, "merged", [(m["id"], f"into {m['into']}") for m in report.merged])
    _rows(table, "distilled", [
        (m["id"], f"from {len(m['from'])}: {', '.join(m['from'])}") for m in report.distilled
    ])  # fmt: skip
    output.stdout.print(table)


def _rows(table: Table, what: str, rows: list[tuple[str, str]]) -> None:
    table.add_row(Text(f"{len(rows):,}", "bold"), Text(what, "cyan"))
    for memory, how in rows[:_SHOWN]:
        table.add_row("", Text(memory), Text(how, "dim"))
    if len(rows) > _SHOWN:
        table.add_row("", Text(f"and {len(rows) - _SHOWN:,} more (see --json)", "dim"))
