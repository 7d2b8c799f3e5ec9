"""`thoughtstream recall`: find memories."""

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from thoughtstream import Mind
from thoughtstream.attention.models import Kind
from thoughtstream.faces.cli import common, look
from thoughtstream.faces.cli.common import DEFAULT_MIND, Json, MindName
from thoughtstream.memory.models import Memory, Recalled

EXAMPLES = common.examples(
    'thoughtstream recall "charity race"',
    'thoughtstream recall "pottery class" --limit 3 --context 1 --mind ana',
    'thoughtstream recall "disk" --since 2026-01-31T08:00 --json',
)

When = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"])]


def recall(
    query: Annotated[str, typer.Argument(help="Any words.")],
    limit: Annotated[int, typer.Option(min=1, help="The most memories.")] = 10,
    offset: Annotated[int, typer.Option(min=0, help="Leave out this many, the best.")] = 0,
    kind: Annotated[Kind | None, typer.Option(help="Only this kind of memory.")] = None,
    window: Annotated[str | None, typer.Option(help="Only what came by this window.")] = None,
    since: When = None,
    until: When = None,
    context: Annotated[
        int, typer.Option(min=0, help="Also this many memories before and after each.")
    ] = 0,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Find the memories that answer best, best first, each with when it was attended.

    What was attended becomes memory when its 5 seconds are over.
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
    found = common.run(_recall(mind, query, wanted))
    memories = [memory.model_dump() for memory in found]
    answer = {"mind": mind, "query": query, "memories": memories}
    common.answer(answer, json, lambda: _show(found))


async def _recall(name: str, query: str, wanted: dict[str, Any]) -> list[Recalled]:
    async with Mind.connect(name) as mind:
        return await mind.recall(query, **wanted)


def _show(found: list[Recalled]) -> None:
    if not found:
        common.out.print(
            "Nothing comes to mind. [dim]What was attended just now becomes memory in 5 seconds.[/]"
        )
    for number, memory in enumerate(found):
        if number and (memory.context_before or memory.context_after):
            common.out.print()
        for neighbour in memory.context_before:
            _line(neighbour, dim=True)
        _line(memory, dim=False)
        for neighbour in memory.context_after:
            _line(neighbour, dim=True)


def _line(memory: Memory, *, dim: bool) -> None:
    when = datetime.fromtimestamp(memory.attended_at / 1000).strftime("%Y-%m-%d %H:%M:%S")
    line = Text.assemble((when, "dim"), " ", look.window(memory.window, 10), " ")
    line.append(look.text(memory.content))
    if dim:
        line.stylize("dim")
    common.out.print(line, soft_wrap=True)
