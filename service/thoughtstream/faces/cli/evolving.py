"""What `thoughtstream colony` does: a run with its workers and its live table; its books; its
verdict.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from thoughtstream import Colony
from thoughtstream.config import SalienceConfig, Settings
from thoughtstream.coordination.models import QueueAudit
from thoughtstream.evolving import adopting
from thoughtstream.evolving.adopting import Verdict
from thoughtstream.evolving.dialogues import Dialogue
from thoughtstream.evolving.evolution_run import EvolutionRun, Progress, history, standings
from thoughtstream.evolving.heritage import Heritage
from thoughtstream.evolving.record import Plan, Record, latest
from thoughtstream.evolving.tasks import evaluations, nursery_settings
from thoughtstream.evolving.workers import Workers
from thoughtstream.faces.cli import output
from thoughtstream.home.embedded_redis import EmbeddedRedis
from thoughtstream.store.shields import undisturbed

_WAYS = {
    "incumbent": "the settings in force", "evolved": "evolved", "random": "random search",
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What `evolve` was asked for."""

    trained: list[Dialogue]
    held_out: list[Dialogue]
    seconds: float
    generations: int | None
    agents: int
    kill_every_s: float
    share: float
    seed: int
    lineage: str | None
    command: Sequence[str]


async def run(settings: Settings, request: Request, *, quiet: bool) -> dict[str, Any]:
    """Evolve as asked; the answer of the command."""
    nursery = nursery_settings(settings)
    async with Colony.connect(settings=settings) as colony:
        heritage = _heritage(colony, settings, request)
        plan = await _begun(colony, settings, request, heritage)
        record = Record(colony.redis, plan.run)
        workers = Workers(request.command, request.agents, nursery.home / "workers.log")
        live = Live(console=output.stderr, refresh_per_second=4, transient=True)
        shown: Any = nullcontext() if quiet or not output.stderr.is_terminal else live
        kills = await record.kills()

        def tell(progress: Progress) -> None:
            live.update(table(_answer(progress, len(workers.pids), kills)))

        async def killed() -> None:
            nonlocal kills
            kills = await record.killed()

        evolution = EvolutionRun(colony, plan, tell, heritage)
        try:
            with shown:
                async with workers:
                    going_on = evolution.go_on(request.seconds, request.generations)
                    await _until_done(going_on, _beside(workers, request, killed))
        finally:
            if request.agents:
                await undisturbed(EmbeddedRedis(nursery).stop())
        answer = await _status(colony, plan.run) | {"twice": evolution.twice}
    if not quiet:
        output.stdout.print(table(answer))
        output.say("[dim]what this would change: thoughtstream colony adopt[/]")
    return answer


def _heritage(colony: Colony, settings: Settings, request: Request) -> Heritage | None:
    if request.lineage is None:
        return None
    return Heritage(colony.redis, request.lineage, settings.inference)


async def _begun(
    colony: Colony, settings: Settings, request: Request, heritage: Heritage | None
) -> Plan:
    plan = Plan(
        seed=request.seed,
        share=request.share,
        trained=tuple(one.digest for one in request.trained),
        held_out=tuple(one.digest for one in request.held_out),
        incumbent=settings.salience.model_dump(),
        lineage=request.lineage,
        inherited=await heritage.inherited() if heritage else (),
    )
    dialogues = [*request.trained, *request.held_out]
    return await Record(colony.redis, plan.run).begin(plan, dialogues)


def _beside(
    workers: Workers, request: Request, killed: Callable[[], Awaitable[None]]
) -> Iterator[Coroutine[Any, Any, None]]:
    """What goes on while a run does: workers are watched, and killed."""
    if request.agents:
        yield workers.watch()
        if request.kill_every_s:
            yield workers.kill_every(request.kill_every_s, killed)


async def _until_done(
    work: Coroutine[Any, Any, object], beside: Iterable[Coroutine[Any, Any, None]]
) -> None:
    """Until the work is done, or something beside it has gone wrong."""
    working = asyncio.create_task(work)
    tasks = {working, *map(asyncio.create_task, beside)}
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def status(settings: Settings, run: str | None) -> dict[str, Any]:
    """How a run stands."""
    async with Colony.connect(settings=settings) as colony:
        return await _status(colony, run or await latest(colony.redis))


async def _status(colony: Colony, run: str) -> dict[str, Any]:
    record = Record(colony.redis, run)
    plan, ledger = await record.plan(), await record.ledger()
    audit = await colony.queue(evaluations.name).audit()
    past = history(ledger)
    progress = Progress(run, len(past), len(ledger), standings(ledger))
    workers = len({entry.by for entry in ledger.values()})
    found = _answer(progress, None, await record.kills())
    return found | {
        "share": plan.share, "seed": plan.seed, "workers_so_far": workers, "queue": _books(audit),
        "history": past,
    }  # fmt: skip


def _answer(progress: Progress, workers: int | None, kills: int) -> dict[str, Any]:
    ways = {way: asdict(one) for way, one in progress.standings.items()}
    return {
        "run": progress.run, "generation": progress.generation,
        "evaluations": progress.evaluations, "workers": workers, "kills": kills, "ways": ways,
    }  # fmt: skip


def _books(audit: QueueAudit) -> dict[str, Any]:
    names = ("submitted", "completed", "waiting", "leased", "dead", "returned", "late")
    return {name: getattr(audit, name) for name in names} | {"balanced": audit.balanced}


def table(found: dict[str, Any]) -> Group:
    """How a run stands, as a table."""
    result = Table(box=None, header_style="bold", padding=(0, 3, 0, 0))
    for name in ("kept of what is asked later", "trained on", "held out"):
        result.add_column(name, justify="left" if name.startswith("kept") else "right")
    for way, label in _WAYS.items():
        if its := found["ways"].get(way):
            held_out = its["held_out"]
            result.add_row(
                label, f"{its['trained']:.3f}", "…" if held_out is None else f"{held_out:.3f}"
            )
    return Group(result, Text(_caption(found), style="dim"))


def _caption(found: dict[str, Any]) -> str:
    said = [f"run {found['run']}", f"generation {found['generation']}",
            output.count(found["evaluations"], "evaluation")]  # fmt: skip
    if found["workers"] is not None:
        said.append(output.count(found["workers"], "worker"))
    said.append(f"{found['kills']} killed")
    return ", ".join(said)


async def adopt(settings: Settings, run: str | None, yes: bool) -> Verdict:
    """The verdict on a run; with `yes`, it is carried out."""
    async with Colony.connect(settings=settings) as colony:
        run = run or await latest(colony.redis)
        found = standings(await Record(colony.redis, run).ledger())
    verdict = adopting.verdict(run, found, settings)
    if not yes or not verdict.wins:
        return verdict
    adopting.write(Path(verdict.file), SalienceConfig(**verdict.evolved.salience))
    return replace(verdict, adopted=True)


def show_verdict(verdict: Verdict) -> None:
    """Print it for a person."""
    now, then = verdict.incumbent, verdict.evolved
    kept = f"{now.held_out:.3f}", f"{then.held_out:.3f}"
    output.say("held out, the settings in force keep {}, the evolved ones {}", *kept)
    for name, (before, after) in verdict.changes.items():
        output.say("  salience.{}  {} [dim]→[/] {}", name, f"{before:g}", f"{after:g}")
    if verdict.adopted:
        output.say("[green]✓[/] written to {}", verdict.file)
    elif verdict.wins:
        output.say("[dim]nothing was written; `thoughtstream colony adopt --yes` does[/]")
    else:
        output.say("[yellow]the settings in force stay[/]: they do not lose on what was held out")
