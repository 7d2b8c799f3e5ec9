"""`thoughtstream tasks audit` and `queues`: is every task accounted for?"""

from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from thoughtstream import Colony
from thoughtstream.coordination.models import QueueAudit
from thoughtstream.faces.cli import event_loop, exit_codes, ledger, output, style
from thoughtstream.faces.cli.options import Json, QueueName, examples
from thoughtstream.faces.plain import plain

AUDIT_EXAMPLES = examples(
    "thoughtstream tasks audit emails", "thoughtstream tasks audit emails --json"
)
QUEUES_EXAMPLES = examples("thoughtstream tasks queues", "thoughtstream tasks queues --json")

_MEANING = {
    "submitted": "were accepted",
    "waiting": "can be claimed now",
    "delayed": "fall due later, or wait for an answer",
    "asking": "of those, wait for an answer",
    "leased": "are being worked on",
    "completed": "ended well",
    "dead": "failed for good",
    "discarded": "of those, are no longer kept",
    "cancelled": "were canceled",
    "returned": "leases ended, and the task went back",
    "retried": "failures were tried again",
    "replayed": "dead ones wait again",
    "late": "reports were refused: the lease had ended",
    "idle_workers": "workers wait for something to do",
}
_DEPTH = {
    **dict.fromkeys(("submitted", "returned", "retried", "replayed", "late", "idle_workers"), 0),
    **dict.fromkeys(("asking", "discarded"), 2),
}
_COLUMNS = ("waiting", "delayed", "leased", "completed", "dead", "cancelled")


def audit(queue: QueueName, json: Json = False) -> None:
    """Check that every task of a queue is accounted for.

    submitted = waiting + delayed + leased + completed + dead + cancelled. Exits with 1 if not.
    """
    found = event_loop.run(_audit(queue))
    output.answer(_plain(queue, found), json, lambda: _show(found))
    if not found.balanced:
        exit_codes.stop(exit_codes.FAILED)


async def _audit(queue: str) -> QueueAudit:
    async with Colony.connect() as colony:
        return await colony.queue(queue).audit()


def queues(
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="First look through all keys, for queues it doesn't list."),
    ] = False,
    json: Json = False,
) -> None:
    """List the queues, with the counts of their tasks.

    Exits with 1 if a queue's tasks are not all accounted for.
    """
    found = event_loop.run(_queues(rebuild))
    rows = [_plain(name, audit) for name, audit in found.items()]
    output.answer({"queues": rows}, json, lambda: _show_all(found))
    if not all(audit.balanced for audit in found.values()):
        exit_codes.stop(exit_codes.FAILED)


async def _queues(rebuild: bool) -> dict[str, QueueAudit]:
    async with Colony.connect() as colony:
        return await colony.queues(rebuild=rebuild)


def _plain(queue: str, found: QueueAudit) -> dict[str, Any]:
    return {"queue": queue, "balanced": found.balanced, **plain(found)}


def _show(found: QueueAudit) -> None:
    ledger.show(found, _MEANING, _DEPTH)
    if not found.submitted:
        output.stdout.print("[yellow]?[/] nothing was ever submitted to this queue")
    elif found.balanced:
        output.stdout.print("[green]✓[/] balanced: every task is accounted for")


def _show_all(found: dict[str, QueueAudit]) -> None:
    if not found:
        output.stdout.print("There are no queues. [dim]`thoughtstream tasks submit` makes one.[/]")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    table.add_column("queue", style="cyan", overflow="fold")
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    for queue, audit in found.items():
        mark = Text("✓", style="green") if audit.balanced else Text("✗", style="red")
        counts = (f"{getattr(audit, name):,}" for name in _COLUMNS)
        table.add_row(mark, style.text(queue), *counts)
    output.stdout.print(table)
