"""`thoughtstream anchor`: make a memory at once, past the contest."""

from typing import Annotated

import typer

from thoughtstream import Mind
from thoughtstream.config import Durability
from thoughtstream.faces.cli import common
from thoughtstream.faces.cli.common import DEFAULT_MIND, Json, MindName
from thoughtstream.keys import Kind

EXAMPLES = common.examples(
    'thoughtstream anchor "Anna is allergic to peanuts" --kind semantic',
    'thoughtstream anchor "the key is under the mat" --durability disk',
)


def anchor(
    content: Annotated[str, typer.Argument(help="What is to be remembered.")],
    kind: Annotated[Kind | None, typer.Option(help="Default: by a rule, mostly episodic.")] = None,
    window: Annotated[str, typer.Option(help="Where it is said to come from.")] = "sensory",
    durability: Annotated[
        Durability | None, typer.Option(help="What it waits for; default: the settings'.")
    ] = None,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Make a memory at once, and wait until it is as durable as asked."""
    found = common.run(_anchor(mind, content, kind, window, durability))
    common.answer({"id": found}, json, lambda: common.out.print(found, markup=False))


async def _anchor(
    name: str, content: str, kind: Kind | None, window: str, durability: Durability | None
) -> str:
    async with Mind.connect(name) as mind:
        return await mind.anchor(content, kind=kind, window=window, durability=durability)
