"""`thoughtstream audit`: is every thought accounted for?"""

from rich.table import Table

from thoughtstream import Mind
from thoughtstream.attention.models import Audit
from thoughtstream.faces.cli import common
from thoughtstream.faces.cli.common import DEFAULT_MIND, Json, MindName

EXAMPLES = common.examples("thoughtstream audit", "thoughtstream audit --mind ana --json")

_MEANING = {
    "adopted": "entered the contest",
    "competing": "compete now",
    "attended": "won a contest",
    "forgotten": "lost under the threshold",
    "expired": "were never attended in time",
    "displaced": "were pushed out of a full window",
    "intervening": "attended, can still be intervened on",
    "anchored": "became memory",
    "recurred": "of these, were memories that came back",
    "vetoed": "were kept out of memory",
    "rejected": "were no valid thoughts, never adopted",
}
_DEPTH = {"adopted": 0, "rejected": 0, "intervening": 2, "anchored": 2, "recurred": 3, "vetoed": 2}
"""What is counted under something else."""


def audit(mind: MindName = DEFAULT_MIND, json: Json = False) -> None:
    """Check that every thought is accounted for: the ledger against the keys.

    Exits with 1 if one is missing or counted twice.
    """
    found = common.run(_audit(mind))
    answer = {"mind": mind, "balanced": found.balanced, **common.plain(found)}
    common.answer(answer, json, lambda: _show(found))
    if not found.balanced:
        common.stop(common.FAILED)


async def _audit(mind: str) -> Audit:
    async with Mind.connect(mind) as it:
        return await it.audit()


def _show(found: Audit) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="bold")
    table.add_column(style="cyan")
    table.add_column(style="dim")
    for name, meaning in _MEANING.items():
        table.add_row(f"{getattr(found, name):,}", f"{'  ' * _DEPTH.get(name, 1)}{name}", meaning)
    common.out.print(table)
    for fault in found.faults:
        common.out.print(f"[red]✗[/] {fault}")
    if found.balanced:
        common.out.print("[green]✓[/] balanced: every thought is accounted for")
