"""`thoughtstream recall`: find memories."""

import re
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from thoughtstream import Mind
from thoughtstream.attention.models import Kind
from thoughtstream.faces.cli import event_loop, output, style
from thoughtstream.faces.cli.options import DEFAULT_MIND, Json, MindName, examples
from thoughtstream.language.text import Query, stems
from thoughtstream.memory.models import Memory, Recalled

EXAMPLES = examples(
    'thoughtstream recall "charity race"',
    'thoughtstream recall "pottery class" --limit 3 --context 1 --mind ana',
    'thoughtstream recall "disk" --since 2026-01-31T08:00 --json',
)

_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M"]


def recall(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of memories.")] = 10,
    offset: Annotated[int, typer.Option(min=0, help="Skip the first N results.")] = 0,
    kind: Annotated[Kind | None, typer.Option(help="Only this kind of memory.")] = None,
    window: Annotated[str | None, typer.Option(help="Only memories from this window.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=_TIMES, help="Only what was attended since then.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=_TIMES, help="Only what was attended until then.")
    ] = None,
    context: Annotated[
        int, typer.Option(min=0, help="Also show N neighbours before and after each.")
    ] = 0,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Find memories, best match first, each with the time it was attended.

    Words that match are bold. A memory without any is listed because of its neighbours in time:
    what was said just before and after shows what a memory is about.

    An attended thought becomes a memory when its 5 seconds are over.
    """
    wanted = {
        "limit": limit,
        "offset": offset,
        "kind": kind,
        "window": window,
        "since": since and since.astimezone(),
        "until": until and until.astimezone(),
        "context": context,
    }
    found = event_loop.run(_recall(mind, query, wanted))
    memories = [memory.model_dump() for memory in found]
    answer = {"mind": mind, "query": query, "memories": memories}
    output.answer(answer, json, lambda: _show(found, query))


async def _recall(name: str, query: str, wanted: dict[str, Any]) -> list[Recalled]:
    async with Mind.connect(name) as mind:
        return await mind.recall(query, **wanted)


def _show(found: list[Recalled], query: str) -> None:
    if not found:
        output.stdout.print(
            "Nothing comes to mind. [dim]What was just attended becomes a memory in 5 seconds.[/]"
        )
    for number, memory in enumerate(found):
        if number and (memory.context_before or memory.context_after):
            output.stdout.print()
        for neighbour in memory.context_before:
            _line(neighbour, query, dim=True)
        _line(memory, query, dim=False)
        for neighbour in memory.context_after:
            _line(neighbour, query, dim=True)


def _line(memory: Memory, query: str, *, dim: bool) -> None:
    when = datetime.fromtimestamp(memory.attended_at / 1000).strftime("%Y-%m-%d %H:%M:%S")
    line = Text.assemble((when, "dim"), " ", style.window(memory.window, 10), " ")
    line.append(marked(memory.content, query))
    if dim:
        line.stylize("dim")
    output.stdout.print(line, soft_wrap=True)


def marked(content: str, query: str) -> Text:
    """Content with the words of the query in bold, in whatever form they appear."""
    asked = {term.stem for term in Query.of(query).terms}
    shown = style.text(content)
    for word in re.finditer(r"\w+", shown.plain):
        if asked.intersection(stems(word[0])):
            shown.stylize("bold", *word.span())
    return shown
