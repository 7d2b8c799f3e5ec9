"""`thoughtstream take-back`: undo a forgetting."""

from typing import Annotated

import typer

from thoughtstream import Mind
from thoughtstream.faces.cli import event_loop, output
from thoughtstream.faces.cli.options import DEFAULT_MIND, Json, MindName, examples

EXAMPLES = examples("thoughtstream take-back 1700000000000-0 --salience 0.9")


def take_back(
    entry: Annotated[str, typer.Argument(help="The entry id, as shown by `forgotten`.")],
    salience: Annotated[float, typer.Option(help="Its new salience, 0 to 1.")] = 0.5,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Return a forgotten thought to the contest.

    What was a memory, and was forgotten on request or superseded, is one again at once.
    """
    found = event_loop.run(_take_back(mind, entry, salience))
    output.answer({"id": found}, json, lambda: output.say("[green]✓[/] {} is back", found))


async def _take_back(name: str, entry: str, salience: float) -> str:
    async with Mind.connect(name) as mind:
        return await mind.take_back(entry, salience=salience)
