"""`thoughtstream think`: write one thought."""

from typing import Annotated, Any

import typer

from thoughtstream.faces.cli import event_loop, output
from thoughtstream.faces.cli.options import (
    DEFAULT_MIND,
    IdempotencyKey,
    Json,
    MindName,
    examples,
    pairs,
)
from thoughtstream.keys import Kind
from thoughtstream.thinking import Thinking

EXAMPLES = examples(
    'thoughtstream think "the kettle is on"',
    'thoughtstream think "it is hot!" --window emotion --salience 0.9 --field valence=-0.7',
)


def think(
    content: Annotated[str, typer.Argument(help="The thought.")],
    window: Annotated[str, typer.Option(help="The window it enters.")] = "sensory",
    salience: Annotated[float, typer.Option(help="How much attention it claims, 0 to 1.")] = 0.5,
    connection_relevance: Annotated[
        float, typer.Option(help="How closely it is connected to other thoughts, 0 to 1.")
    ] = 0.0,
    kind: Annotated[Kind | None, typer.Option(help="The kind of memory it becomes.")] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Additional field; repeatable."),
    ] = None,
    idempotency_key: IdempotencyKey = None,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Write one thought to a window, and print its id."""
    fields = pairs(field or [], "--field")
    own = {"content", "window", "salience", "connection_relevance", "kind", "idempotency_key"}
    taken = (own | {"extra"}) & set(fields)
    if taken:
        raise typer.BadParameter(
            f"--field {min(taken)}: is reserved; use the option of that name, if there is one"
        )
    thought = {
        "window": window,
        "salience": salience,
        "connection_relevance": connection_relevance,
        "kind": kind,
        "idempotency_key": idempotency_key,
    }
    written = event_loop.run(_think(mind, content, thought | fields))
    output.answer({"id": written}, json, lambda: output.say("{}", written))


async def _think(mind: str, content: str, fields: dict[str, Any]) -> str:
    async with Thinking.connect(mind) as it:
        return await it.think(content, **fields)
