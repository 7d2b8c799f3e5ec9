"""`thoughtstream beliefs …`: what agents learn of quantities, each by itself and all together.

Needs the extra `colony`.
"""

import json as json_
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from thoughtstream.errors import InvalidBelief
from thoughtstream.faces.cli import exit_codes, output, style, values
from thoughtstream.faces.cli.options import Json, examples
from thoughtstream.keys import DEFAULT_LINEAGE

if TYPE_CHECKING:  # they need numpy, which is an extra
    from thoughtstream.inference.choosing import World
    from thoughtstream.learning.models import Belief, Choice, Observed

Agent = Annotated[str, typer.Argument(help="The agent.")]
Quantity = Annotated[str, typer.Argument(help="The quantity, e.g. latency_ms.")]
InLineage = Annotated[str, typer.Option("--lineage", help="The agents that learn it together.")]


def found(
    quantity: Quantity,
    mean: Annotated[float, typer.Option(help="What is expected of it, in its unit.")],
    deviation: Annotated[float, typer.Option(help="How far off that may be, over 0.")],
    least: Annotated[float, typer.Option(help="Less is forbidden.")] = -math.inf,
    most: Annotated[float, typer.Option(help="More is forbidden.")] = math.inf,
    lineage: InLineage = DEFAULT_LINEAGE,
    json: Json = False,
) -> None:
    """Give a quantity its basal prior, before anybody observes it. It never changes."""
    values.asked(
        lambda colony: colony.lineage(lineage).found(
            quantity, mean, deviation, least=least, most=most
        )
    )
    given = {"mean": mean, "deviation": deviation, "least": least, "most": most}
    output.done({"lineage": lineage, "quantity": quantity, **given}, json, "founded", quantity)


def observe(
    agent: Agent,
    quantity: Quantity,
    value: Annotated[float, typer.Argument(help="What it observed, in the quantity's unit.")],
    lineage: InLineage = DEFAULT_LINEAGE,
    json: Json = False,
) -> None:
    """Have an agent learn from a value; prints what it had expected, and its surprise in nats."""
    said: Observed = values.asked(
        lambda colony: colony.lineage(lineage).observe(agent, quantity, value)
    )
    output.answer(said, json, lambda: _say_observed(said))


def _say_observed(said: "Observed") -> None:
    around = f"{said.expected.mean:.6g} ± {said.expected.deviation:.3g}"
    surprise = f"{said.surprise:.2f}"
    output.say("{}: expected {}; surprise {} nats", said.quantity, around, surprise)


def show(
    quantity: Annotated[str | None, typer.Argument(help="By default all.")] = None,
    agent: Annotated[
        str | None, typer.Option(help="What this agent believes; by default all together.")
    ] = None,
    lineage: InLineage = DEFAULT_LINEAGE,
    json: Json = False,
) -> None:
    """Show what is believed of a quantity: by each level of priors, and by all of them together."""

    async def ask(colony: Any) -> "list[Belief]":
        kept = colony.lineage(lineage)
        names = [quantity] if quantity is not None else [*await kept.quantities()]
        return [await kept.believes(name, agent) for name in names]

    said: list[Belief] = values.asked(ask)
    answer = {"lineage": lineage, "agent": agent, "beliefs": said}
    output.answer(answer, json, lambda: _show(said))


def _show(beliefs: "list[Belief]") -> None:
    table = Table("quantity", "observations", "level", "expects", "error", "weight", box=None)
    for belief in beliefs:
        name, count = style.text(belief.quantity), f"{belief.observations:,}"
        for level, one in {"all together": belief.expected, **belief.levels}.items():
            error = "" if one.error is None else f"{one.error:.3g}"
            weight = f"{belief.weights[level]:.0%}" if level in belief.weights else ""
            around = f"{one.mean:.6g} ± {one.deviation:.3g}"
            table.add_row(name, count, level, around, error, weight)
            name, count = style.text(""), ""
    output.stdout.print(table)


def choose(
    agent: Agent,
    name: Annotated[str, typer.Argument(help="Of the world, for this agent.")],
    seen: Annotated[int, typer.Argument(help="The observation: a row of A, from 0.")],
    world: Annotated[
        Path,
        typer.Option(help="A JSON file with A, B, C and D: see service/INFERENCE.md.", exists=True),
    ],
    steps: Annotated[int, typer.Option(help="How far it plans.")] = 1,
    anew: Annotated[bool, typer.Option("--anew", help="Forget what it saw before.")] = False,
    json: Json = False,
) -> None:
    """Have an agent see something, and print which action it chooses, from 0."""
    said: Choice = values.asked(
        lambda colony: colony.choices(agent).choose(
            name, _world(world), seen, steps=steps, anew=anew
        )
    )
    output.answer(said, json, lambda: output.stdout.print(str(said.action)))


def _world(file: Path) -> "World":
    from thoughtstream.inference.choosing import World

    try:
        given = json_.loads(file.read_text())
        return World(*(given[name] for name in "ABCD"))
    except KeyError as error:
        raise exit_codes.Failed(f"{file}: has no {error.args[0]}") from None
    except (ValueError, TypeError) as error:
        raise InvalidBelief(f"{file}: {error}") from None


def forget(agent: Agent, lineage: InLineage = DEFAULT_LINEAGE, json: Json = False) -> None:
    """Forget what an agent has learned: it counts no more, in what all believe either."""
    count = values.asked(lambda colony: colony.lineage(lineage).forget(agent))
    output.done({"agent": agent, "quantities": count}, json, "forgotten", agent)


COMMANDS: dict[Callable[..., Any], str] = {
    found: examples(
        "thoughtstream beliefs found latency_ms --mean 100 --deviation 100 --least 0",
    ),
    observe: examples(
        "thoughtstream beliefs observe ana latency_ms 12.5",
        "thoughtstream beliefs observe ana latency_ms 14 --json",
    ),
    show: examples(
        "thoughtstream beliefs show",
        "thoughtstream beliefs show latency_ms --agent ana --json",
    ),
    choose: examples("thoughtstream beliefs choose ana maze 0 --world maze.json"),
    forget: examples("thoughtstream beliefs forget ana"),
}
