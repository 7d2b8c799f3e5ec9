"""`thoughtstream anchor`: write a memory directly, without a contest."""

from typing import Annotated

import typer

from thoughtstream import Mind
from thoughtstream.config import Durability
from thoughtstream.faces.cli import event_loop, output
from thoughtstream.faces.cli.options import DEFAULT_MIND, IdempotencyKey, Json, MindName, examples
from thoughtstream.keys import Kind

EXAMPLES = examples(
    'thoughtstream anchor "Anna is allergic to peanuts" --kind semantic',
    'thoughtstream anchor "the key is under the mat" --durability disk',
)


def anchor(
    content: Annotated[str, typer.Argument(help="What to remember.")],
    kind: Annotated[
        Kind | None, typer.Option(help="Kind of memory; by default chosen by rule.")
    ] = None,
    window: Annotated[str, typer.Option(help="The window it is recorded under.")] = "sensory",
    durability: Annotated[
        Durability | None, typer.Option(help="What to wait for; by default as configured.")
    ] = None,
    idempotency_key: IdempotencyKey = None,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Write a memory directly, and wait until it is as durable as requested."""
    found = event_loop.run(_anchor(mind, content, kind, window, durability, idempotency_key))
    output.answer({"id": found}, json, lambda: output.say("{}", found))


async def _anchor(
    name: str,
    content: str,
    kind: Kind | None,
    window: str,
    durability: Durability | None,
    idempotency_key: str | None,
) -> str:
    async with Mind.connect(name) as mind:
        return await mind.anchor(
            content,
            kind=kind,
            window=window,
            durability=durability,
            idempotency_key=idempotency_key,
        )
