"""`thoughtstream intervene`: change an attended thought before it becomes memory."""

from typing import Annotated, Any

import typer

from thoughtstream import Mind
from thoughtstream.attention.models import Action
from thoughtstream.faces.cli import event_loop, exit_codes, output
from thoughtstream.faces.cli.options import Json, examples
from thoughtstream.keys import Kind

EXAMPLES = examples(
    "thoughtstream intervene default last veto",
    'thoughtstream intervene ana 1700000000000-0@sensory reframe --content "the wind"',
    "thoughtstream intervene default last boost --salience 1",
    "thoughtstream intervene default last restore --by ana   # take a veto back",
)


def intervene(
    mind: Annotated[str, typer.Argument(help="The mind that attended it.")],
    thought: Annotated[str, typer.Argument(help="Its id, or `last` for the latest.")],
    action: Annotated[
        Action,
        typer.Argument(
            help="Keep it out of memory, reword it, change its salience, or take a veto back."
        ),
    ],
    content: Annotated[str | None, typer.Option(help="New content (reframe).")] = None,
    salience: Annotated[
        float | None, typer.Option(help="New salience, 0 to 1 (reframe, boost).")
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="New kind of memory (reframe).")] = None,
    by: Annotated[str | None, typer.Option(help="Who does it; kept with the memory.")] = None,
    json: Json = False,
) -> None:
    """Veto, reframe, boost or restore an attended thought within its 5 seconds."""
    given = {"content": content, "salience": salience, "kind": kind}
    change = {name: value for name, value in given.items() if value is not None}
    answer = event_loop.run(_intervene(mind, thought, action, by, change))
    left = (answer["closes_at"] - answer["now"]) / 1000
    output.answer(
        answer,
        json,
        lambda: output.say(
            "[green]✓[/] {}: {}; it can be changed for another {} s",
            action,
            answer["id"],
            f"{left:.1f}",
        ),
    )


async def _intervene(
    name: str, thought: str, action: Action, by: str | None, change: dict[str, Any]
) -> dict[str, Any]:
    async with Mind.connect(name) as mind:
        state = await mind.state(top=1)
        if thought == "last":
            if not state.intervening:
                raise exit_codes.Failed("last: no thought is in its intervention window")
            thought = max(state.intervening, key=lambda t: t.attended_at).id
        closes_at = await mind.intervene(thought, action, by=by, **change)
        return {
            "id": thought,
            "action": action,
            "closes_at": closes_at,
            "now": state.now_ms,
        }
