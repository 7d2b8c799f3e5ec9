"""`thoughtstream colony …`: minds that get better at what they attend to.

Attention can take only a part of what is said. `evolve` tries out how salient texts should be, on
recorded conversations of which it is known what was asked later; `adopt` puts the best into force.
"""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from thoughtstream import config
from thoughtstream.faces.cli import event_loop, exit_codes, output
from thoughtstream.faces.cli.options import DEFAULT_MIND, Json, MindName, examples

Run = Annotated[str | None, typer.Option("--run", help="A run; by default the latest.")]

_NEEDED = "tomlkit", "numpy"


def _check_extra() -> None:
    """Raises: Failed: the extra is not installed."""
    if not all(importlib.util.find_spec(name) for name in _NEEDED):
        raise exit_codes.Failed(
            "colony: numpy or tomlkit is missing; install the extra: pip install "
            "'thoughtstream[colony,embedded]'"
        )


def evolve(
    on: Annotated[
        list[Path],
        typer.Option(help="Conversations in LoCoMo's form, with `qa`, to train on; repeatable."),
    ],
    held_out: Annotated[
        list[Path] | None,
        typer.Option(help="Conversations to test on; by default the last of --on. Repeatable."),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0, max=10_000, help="How long.")] = 5,
    generations: Annotated[
        int | None, typer.Option(min=1, help="At most so many, of this run's first on.")
    ] = None,
    agents: Annotated[int, typer.Option(min=0, max=100, help="Workers to start here.")] = 2,
    kill_every: Annotated[
        float, typer.Option(min=0, help="Seconds between two workers killed on purpose; 0: none.")
    ] = 10,
    share: Annotated[
        float, typer.Option(min=0.01, max=1, help="What attention has room for, of all turns.")
    ] = 0.2,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another run.")] = 0,
    lineage: Annotated[
        str | None, typer.Option(help="Begin with what runs of this lineage found, and hand on.")
    ] = None,
    json: Json = False,
) -> None:
    """Evolve how salient texts are, beside random search, by trying each out as a mind.

    The same call again goes on where it was: all is in Redis. Workers on other hosts help:
    thoughtstream work thoughtstream.evolving.tasks:evaluations --slots 1
    """
    settings = config.load()
    _check_extra()
    from thoughtstream.evolving.dialogues import Dialogue
    from thoughtstream.faces.cli.evolving import Request, run

    trained = [one for path in on for one in Dialogue.read(path)]
    tested = [one for path in held_out or [] for one in Dialogue.read(path)]
    if not tested:
        if len(trained) < 2:
            raise typer.BadParameter(
                "--on: has one conversation; what is found has to be tested on another: give "
                "--held-out FILE, or a second --on"
            )
        trained, tested = trained[:-1], trained[-1:]
    command = [sys.executable, "-m", "thoughtstream.faces.cli.tethered", "work",
               "thoughtstream.evolving.tasks:evaluations", "--slots", "1"]  # fmt: skip
    request = Request(
        trained=trained,
        held_out=tested,
        seconds=minutes * 60,
        generations=generations,
        agents=agents,
        kill_every_s=kill_every,
        share=share,
        seed=seed,
        lineage=lineage,
        command=command,
    )
    answer = event_loop.run(run(settings, request, quiet=json))
    output.answer(answer, json, lambda: None)


def status(run: Run = None, json: Json = False) -> None:
    """Show how a run stands: its best, held out, random search beside it, and the books."""
    _check_extra()
    from thoughtstream.faces.cli import evolving

    found = event_loop.run(evolving.status(config.load(), run))
    output.answer(found, json, lambda: output.stdout.print(evolving.table(found)))


def adopt(
    run: Run = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write the settings.")] = False,
    json: Json = False,
) -> None:
    """Show what the best of a run would change in the settings, or put it into force with --yes.

    The settings in force stay unless they lose on the conversations that were held out.
    """
    _check_extra()
    from thoughtstream.faces.cli import evolving

    found = event_loop.run(evolving.adopt(config.load(), run, yes))
    output.answer(found, json, lambda: evolving.show_verdict(found))
    if yes and not found.adopted:
        exit_codes.stop(exit_codes.FAILED)


def listen(
    file: Annotated[Path, typer.Argument(help="Text, JSON Lines or a conversation, as for feed.")],
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Have thoughtseeds listen to a text for a mind: they compete to be heard there.

    Of each line or turn every seed sends a packet; the strongest becomes a thought in the mind's
    window `reasoning`. Others get the packets, too: agents that subscribe to the domain
    `thoughtseeds:<mind>`. What is left behind: the level (a proxy made of measured parts, no
    measure of experience), how the text flows, and the basins that it fell into.
    """
    settings = config.load()
    _check_extra()
    from thoughtstream.faces.cli import listening

    found = event_loop.run(listening.listen(settings, listening.thoughts(settings, file), mind))
    output.answer(found, json, lambda: listening.show(found))


COMMANDS: dict[Callable[..., Any], str] = {
    evolve: examples(
        "thoughtstream colony evolve --on one.json --on other.json --minutes 5",
        "thoughtstream colony evolve --on one.json --held-out other.json --agents 4 --seed 7",
    ),
    listen: examples(
        "thoughtstream colony listen notes.txt --mind ana",
        "thoughtstream colony listen dialogue.json --mind ana --json",
    ),
    status: examples("thoughtstream colony status", "thoughtstream colony status --json"),
    adopt: examples("thoughtstream colony adopt", "thoughtstream colony adopt --yes"),
}
