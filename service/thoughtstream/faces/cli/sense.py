"""`thoughtstream sense`: this host's own signals become thoughts."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from thoughtstream import Colony, Mind
from thoughtstream.attention.models import NewThought
from thoughtstream.faces.cli import event_loop, output, style
from thoughtstream.faces.cli.options import DEFAULT_MIND, Json, MindName, examples
from thoughtstream.senses import sources
from thoughtstream.senses.sensing import Sense, Sensing
from thoughtstream.senses.sources import HostSense

EXAMPLES = examples(
    "thoughtstream sense",
    "thoughtstream sense --interval 0.5 --duration 60",
    "thoughtstream sense --only load --only network --log /var/log/syslog",
    "thoughtstream sense --agent ana",
)

_USUAL = 0.3
_A_DAY_S = 86_400


def sense(
    only: Annotated[
        list[HostSense] | None, typer.Option(help="Use only this sense; repeatable.")
    ] = None,
    log: Annotated[
        list[Path] | None, typer.Option(help="Also follow this log file; repeatable.")
    ] = None,
    journal: Annotated[
        bool | None,
        typer.Option(
            "--journal/--no-journal",
            help="Follow systemd's journal; the default if there is one and no --only.",
        ),
    ] = None,
    interval: Annotated[
        float, typer.Option(min=0.05, max=_A_DAY_S, help="Seconds between readings.")
    ] = 1.0,
    duration: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=1000 * _A_DAY_S,
            help="Seconds until it stops; by default, Ctrl-C stops it.",
        ),
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option(help="Have this agent learn what the gauges read (`thoughtstream beliefs`)."),
    ] = None,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Turn this host's signals into thoughts: load, memory, disk, network, processes, logs.

    All senses run concurrently. Readings are salient if they are surprising (by their distance from
    the running mean, in standard deviations), events if they are rare, log lines if they are rare
    and severe. What is of no consequence is not told: each sense tells 30 sensations at most, then
    one in five minutes, and must be the more surprising the less is left.

    Readings enter the window `sensory`, signs of strain on the host `emotion`; processes and log
    lines have windows of their own. A sense that fails is reported, and asked again after a pause.

    With --agent, an agent learns what the gauges read, in the lineage `hosts`; to see what:
    `thoughtstream beliefs show --lineage hosts --agent NAME`.
    """
    if journal and not sources.has_journal():
        raise typer.BadParameter("--journal: this host has no systemd journal; use --log FILE")
    follow = sources.has_journal() and only is None if journal is None else journal
    logs = sources.of_logs(log or [], with_journal=follow)
    names = list(HostSense) if only is None else only
    began = time.monotonic()

    async def do() -> Sensing:
        async with _learning(agent) as learn:
            senses = sources.of_host(names, interval, learn) | logs
            return await _sense(mind, senses, duration, json)

    felt = event_loop.run(do())
    answer = {
        "written": dict(felt.written),
        "untold": felt.untold.total(),
        "failed": dict(felt.failed),
        "lost": felt.lost,
        "seconds": round(time.monotonic() - began, 3),
    }
    output.answer(answer, json, lambda: _show(answer))


@asynccontextmanager
async def _learning(agent: str | None) -> AsyncIterator[sources.Learn | None]:
    """What tells an agent what gauges read; None without one."""
    if agent is None:
        yield None
        return
    from thoughtstream.senses.predicting import LINEAGE, Predictor  # it needs numpy, an extra

    async with Colony.connect() as colony:
        yield Predictor(colony.lineage(LINEAGE), agent).learn


async def _sense(
    name: str, senses: dict[str, Sense], duration: float | None, as_json: bool
) -> Sensing:
    async with Mind.connect(name) as mind:

        async def write(thoughts: list[NewThought]) -> list[str]:
            ids = await mind.feed(thoughts)
            for id_, thought in zip(ids, thoughts, strict=True):
                _tell(id_, thought, as_json)
            return ids

        felt = Sensing(write)
        running = asyncio.ensure_future(felt.run(senses))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        await asyncio.wait([running], timeout=duration)
        running.cancel()
        await asyncio.wait([running])
        if not running.cancelled():
            running.result()
        return felt


def _tell(id_: str, thought: NewThought, as_json: bool) -> None:
    if as_json:
        output.print_json({"id": id_, "window": thought.window, **thought.entry()})
        return
    output.stdout.print(
        style.window(thought.window, width=10),
        style.bar(thought.salience, thought.window),
        style.text(f"{thought.salience:.2f}"),
        style.text(thought.content),
        style="dim" if thought.salience < _USUAL else None,
        no_wrap=True,
        overflow="ellipsis",
    )


def _show(answer: dict[str, Any]) -> None:
    total = sum(answer["written"].values())
    each = ", ".join(f"{name} {n:,}" for name, n in answer["written"].items())
    took = f"{answer['seconds']:.0f} s{': ' if each else ''}{each}"
    output.say("\n[green]✓[/] {} in {}", output.count(total, "thought"), took)
    if answer["untold"]:
        left_out = output.count(answer["untold"], "reading")
        output.say("[dim]left out: {} of less consequence[/]", left_out)
    for name, times in answer["failed"].items():
        output.say("[red]✗[/] {} of {}", output.count(times, "failure"), name)
    if answer["lost"]:
        lost = f"{answer['lost']:,}"
        output.say("[red]✗[/] {} were lost while Redis was unavailable or full", lost)
