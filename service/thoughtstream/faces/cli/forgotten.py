"""`thoughtstream forgotten`: what was forgotten, when and why."""

import re
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from thoughtstream import Mind
from thoughtstream.attention.models import Forgotten
from thoughtstream.faces.cli import event_loop, output, style
from thoughtstream.faces.cli.options import DEFAULT_MIND, Json, MindName, examples

EXAMPLES = examples(
    "thoughtstream forgotten",
    "thoughtstream forgotten --threshold 0.5   # what would be forgotten?",
)


_ENTRY = re.compile(r"\+|[0-9]{1,20}(-[0-9]{1,20})?")


def forgotten(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Maximum number to show.")] = 20,
    before: Annotated[str, typer.Option(help="Only entries before this one (for paging).")] = "+",
    threshold: Annotated[
        float | None, typer.Option(min=0, help="Dry run: what would this threshold forget now?")
    ] = None,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """List what was forgotten, when and why; or try out another threshold."""
    if not _ENTRY.fullmatch(before):
        raise typer.BadParameter(f"--before {before}: give an ENTRY that this command has listed")
    if threshold is not None:
        total, weakest = event_loop.run(_would_forget(mind, threshold, limit))
        found = {"threshold": threshold, "would_forget": total, "weakest": weakest}
        output.answer(found, json, lambda: _show_trial(threshold, total, weakest))
        return
    thoughts = event_loop.run(_forgotten(mind, limit, before))
    next_ = thoughts[-1].entry if len(thoughts) == limit else None
    answer = {"mind": mind, "forgotten": [t._asdict() for t in thoughts], "next": next_}
    output.answer(answer, json, lambda: _show(mind, thoughts, next_))


async def _forgotten(name: str, limit: int, before: str) -> list[Forgotten]:
    async with Mind.connect(name) as mind:
        return await mind.forgotten(limit=limit, before=before)


async def _would_forget(name: str, threshold: float, limit: int) -> tuple[int, list[str]]:
    async with Mind.connect(name) as mind:
        return await mind.would_forget(threshold, limit=limit)


def _show(mind: str, thoughts: list[Forgotten], next_: str | None) -> None:
    if not thoughts:
        output.stdout.print("Nothing has been forgotten.")
        return
    table = Table(box=None, header_style="dim")
    for name in ("entry", "forgotten", "window", "score", "threshold", "thought"):
        table.add_column(name, justify="right" if name in ("score", "threshold") else "left")
    for thought in thoughts:
        when = datetime.fromtimestamp(thought.forgotten_at / 1000).strftime("%H:%M:%S")
        why = thought.fields.get("reason") if thought.was_memory else None
        row = (
            thought.entry, when, thought.window, f"{thought.score:z.2f}",
            why or f"{thought.threshold:z.2f}", thought.content,
        )  # fmt: skip
        table.add_row(*(style.text(cell) for cell in row))
    output.stdout.print(table)
    output.say_next("To have one back", "take-back", "ENTRY", mind=mind)
    if next_:
        output.say_next("More", "forgotten", "--before", next_, mind=mind)


def _show_trial(threshold: float, total: int, weakest: list[str]) -> None:
    output.say("{} below {}", output.count(total, "competing thought"), threshold)
    for content in weakest:
        output.say("  {}", content)
