"""How a ledger is shown: each count with what it means, and what is wrong."""

from collections.abc import Mapping

from rich.table import Table

from thoughtstream.attention.models import Audit
from thoughtstream.coordination.models import QueueAudit
from thoughtstream.faces.cli import output


def show(found: Audit | QueueAudit, meanings: Mapping[str, str], depths: Mapping[str, int]) -> None:
    """Print the counts that have a meaning, each as far in as its depth (else 1)."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="bold")
    table.add_column(style="cyan")
    table.add_column(style="dim")
    for name, meaning in meanings.items():
        table.add_row(f"{getattr(found, name):,}", f"{'  ' * depths.get(name, 1)}{name}", meaning)
    output.stdout.print(table)
    for fault in found.faults:
        output.say("[red]✗[/] {}", fault)
