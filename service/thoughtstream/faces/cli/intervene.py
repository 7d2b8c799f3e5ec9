"""`thoughtstream intervene`: change an attended thought before it becomes memory."""

from typing import Annotated, Any

import typer

from thoughtstream import Mind
from thoughtstream.attention.models import Action
from thoughtstream.faces.cli import common
from thoughtstream.faces.cli.common import Json
from thoughtstream.keys import Kind

EXAMPLES = common.examples(
    "thoughtstream intervene default last veto",
    'thoughtstream intervene ana 1700000000000-0@sensory reframe --content "it was only the wind"',
    "thoughtstream intervene default last boost --salience 1",
)


def intervene(
    mind: Annotated[str, typer.Argument(help="The mind that attended it.")],
    thought: Annotated[str, typer.Argument(help="Its id, or `last`: the one attended last.")],
    action: Annotated[Action, typer.Argument(help="Keep it out of memory, or change it.")],
    content: Annotated[str | None, typer.Option(help="What it should say (reframe).")] = None,
    salience: Annotated[float | None, typer.Option(help="0 to 1 (reframe, boost).")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Which memory it becomes (reframe).")] = None,
    json: Json = False,
) -> None:
    """Veto, reframe or boost an attended thought within its 5 seconds."""
    given = {"content": content, "salience": salience, "kind": kind}
    change = {name: value for name, value in given.items() if value is not None}
    answer = common.run(_intervene(mind, thought, action, change))
    left = (answer["closes_at"] - answer["now"]) / 1000
    common.answer(
        answer,
        json,
        lambda: common.out.print(
            f"[green]✓[/] {action}: {answer['id']}; its window is open for {left:.1f} s more"
        ),
    )


async def _intervene(
    name: str, thought: str, action: Action, change: dict[str, Any]
) -> dict[str, Any]:
    async with Mind.connect(name) as mind:
        state = await mind.state(top=1)
        if thought == "last":
            if not state.intervening:
                raise common.Failed("last: no thought is in its intervention window now")
            thought = max(state.intervening, key=lambda t: t.attended_at).id
        closes_at = await mind.intervene(thought, action, **change)
        return {
            "id": thought,
            "action": action,
            "closes_at": closes_at,
            "now": state.now_ms,
        }
