"""`thoughtstream think`: write one thought."""

from typing import Annotated, Any

import typer

from thoughtstream import Mind
from thoughtstream.faces.cli import common
from thoughtstream.faces.cli.common import DEFAULT_MIND, Json, MindName
from thoughtstream.keys import Kind

EXAMPLES = common.examples(
    'thoughtstream think "the kettle is on"',
    'thoughtstream think "it is hot!" --window emotion --salience 0.9 --field valence=-0.7',
)


def think(
    content: Annotated[str, typer.Argument(help="What is thought.")],
    window: Annotated[str, typer.Option(help="The window it enters by.")] = "sensory",
    salience: Annotated[float, typer.Option(help="How much it asks for attention, 0 to 1.")] = 0.5,
    connection_relevance: Annotated[
        float, typer.Option(help="How much it connects, 0 to 1.")
    ] = 0.0,
    kind: Annotated[Kind | None, typer.Option(help="Which memory it becomes.")] = None,
    field: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Another field; may be repeated.")
    ] = None,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Write one thought to a window; prints its id."""
    fields = pairs(field or [], "--field")
    taken = {"content", "window", "salience", "connection_relevance", "kind", "extra"} & set(fields)
    if taken:
        raise typer.BadParameter(f"--field {min(taken)}: has an option of its own")
    thought = {
        "window": window,
        "salience": salience,
        "connection_relevance": connection_relevance,
        "kind": kind,
    }
    written = common.run(_think(mind, content, thought | fields))
    common.answer({"id": written}, json, lambda: common.out.print(written, markup=False))


async def _think(mind: str, content: str, fields: dict[str, Any]) -> str:
    async with Mind.connect(mind) as it:
        return await it.think(content, **fields)


def pairs(given: list[str], option: str) -> dict[str, str]:
    """NAME=VALUE options as a dict.

    Raises:
        BadParameter: one has no `=`.
    """
    for pair in given:
        if not pair.partition("=")[0] or "=" not in pair:
            raise typer.BadParameter(f"{option} {pair}: give NAME=VALUE")
    return dict(pair.split("=", 1) for pair in given)
