"""`thoughtstream forgotten` and `take-back`: what was forgotten and why, and undoing it."""

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from thoughtstream import Mind
from thoughtstream.attention.models import Forgotten
from thoughtstream.faces.cli import common
from thoughtstream.faces.cli.common import DEFAULT_MIND, Json, MindName

EXAMPLES = common.examples(
    "thoughtstream forgotten",
    "thoughtstream forgotten --threshold 0.5   # a dry run: what would go now?",
)
TAKE_BACK_EXAMPLES = common.examples("thoughtstream take-back 1700000000000-0 --salience 0.9")


def forgotten(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 20,
    before: Annotated[str, typer.Option(help="The last entry of the page before.")] = "+",
    threshold: Annotated[
        float | None, typer.Option(min=0, help="Show what this threshold would forget instead.")
    ] = None,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """What was forgotten, when, and at which threshold; or what another one would forget."""
    if threshold is not None:
        total, weakest = common.run(_would_forget(mind, threshold, limit))
        found = {"threshold": threshold, "would_forget": total, "weakest": weakest}
        common.answer(found, json, lambda: _show_trial(threshold, total, weakest))
        return
    thoughts = common.run(_forgotten(mind, limit, before))
    common.answer([t._asdict() for t in thoughts], json, lambda: _show(thoughts))


def take_back(
    entry: Annotated[str, typer.Argument(help="The entry that `forgotten` shows.")],
    salience: Annotated[float, typer.Option(help="0 to 1: how strong it comes back.")] = 0.5,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Have a forgotten thought compete again."""
    found = common.run(_take_back(mind, entry, salience))
    common.answer({"id": found}, json, lambda: common.out.print(f"[green]✓[/] {found} competes"))


async def _forgotten(name: str, limit: int, before: str) -> list[Forgotten]:
    async with Mind.connect(name) as mind:
        return await mind.forgotten(limit=limit, before=before)


async def _would_forget(name: str, threshold: float, limit: int) -> tuple[int, list[str]]:
    async with Mind.connect(name) as mind:
        return await mind.would_forget(threshold, limit=limit)


async def _take_back(name: str, entry: str, salience: float) -> str:
    async with Mind.connect(name) as mind:
        return await mind.take_back(entry, salience=salience)


def _show(thoughts: list[Forgotten]) -> None:
    if not thoughts:
        common.out.print("Nothing was forgotten.")
        return
    table = Table(box=None, header_style="dim")
    for name in ("entry", "forgotten", "window", "score", "under", "thought"):
        table.add_column(name, justify="right" if name in ("score", "under") else "left")
    for thought in thoughts:
        when = datetime.fromtimestamp(thought.forgotten_at / 1000).strftime("%H:%M:%S")
        merged = "merged_into" in thought.fields  # by sleep: nothing to do with its score
        row = (
            thought.entry, when, thought.window, f"{thought.score:z.2f}",
            "merged" if merged else f"{thought.threshold:z.2f}", thought.content,
        )  # fmt: skip
        table.add_row(*(escape(cell) for cell in row))
    common.out.print(table)
    common.out.print("[dim]thoughtstream take-back ENTRY has one compete again[/]")


def _show_trial(threshold: float, total: int, weakest: list[str]) -> None:
    common.out.print(f"{common.count(total, 'competing thought')} under {threshold}")
    for content in weakest:
        common.out.print(f"  {content}", markup=False)
