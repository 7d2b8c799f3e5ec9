"""`thoughtstream agents …`: who works on this Redis, and what they write to each other."""

import asyncio
import os
import signal
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from thoughtstream import Colony
from thoughtstream.coordination.agents import AgentStatus
from thoughtstream.faces.cli import event_loop, exit_codes, output, reservations, style
from thoughtstream.faces.cli.options import Json, examples
from thoughtstream.faces.plain import plain

Name = Annotated[str, typer.Argument(help="The agent.")]

_STYLE = {"idle": "green", "working": "cyan", "offline": "yellow", "left": "dim"}


def join(
    name: Name,
    skills: Annotated[str, typer.Option(help="What it can do, with commas between.")] = "",
    mind: Annotated[
        str | None, typer.Option(help="Its mind: stays, and has it think of its packets.")
    ] = None,
    lineage: Annotated[
        str | None, typer.Option(help="Share what this mind learns with those of a lineage.")
    ] = None,
    json: Json = False,
) -> None:
    """Register an agent, for the time of a lease; again, to renew it.

    Its status is `agent_status:NAME` in Redis, a JSON that any client may GET. A program stays
    registered with `Colony.join`; with --mind, this command does, until it is stopped.
    """
    its = [skill.strip() for skill in skills.split(",") if skill.strip()]
    if mind is not None or lineage is not None:
        event_loop.run(_stay(name, its, mind, lineage, json))
        return

    async def do() -> AgentStatus:
        async with Colony.connect() as colony:
            return await colony.register(name, its)

    _answer([event_loop.run(do())], json, one=True)


async def _stay(
    name: str, skills: list[str], mind: str | None, lineage: str | None, json: bool
) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with (
        Colony.connect() as colony,
        colony.join(name, skills=skills, mind=mind, lineage=lineage),
    ):
        said = {"id": name, "mind": mind, "lineage": lineage, "pid": os.getpid()}
        output.answer(said, json, lambda: _say_joined(name))
        await stop.wait()


def _say_joined(name: str) -> None:
    output.stdout.print("[green]✓[/] joined", style.text(name), "until it is stopped (Ctrl-C)")


def show(name: Name, json: Json = False) -> None:
    """Show one agent."""

    async def do() -> AgentStatus | None:
        async with Colony.connect() as colony:
            return await colony.agent(name)

    found = event_loop.run(do())
    if found is None:
        raise _nobody(name)
    _answer([found], json, one=True)


def list_(json: Json = False) -> None:
    """List the agents that are registered."""
    _answer(event_loop.run(_all()), json)


async def _all() -> list[AgentStatus]:
    async with Colony.connect() as colony:
        return await colony.agents()


def leave(name: Name, json: Json = False) -> None:
    """Have an agent be none any more; its status says so for a day."""

    async def do() -> bool:
        async with Colony.connect() as colony:
            return await colony.leave(name)

    if not event_loop.run(do()):
        raise _nobody(name)
    output.done({"agent": name, "left": True}, json, "left", name)


def send(
    sender: Annotated[str, typer.Argument(metavar="FROM", help="Who sends it.")],
    to: Annotated[str, typer.Argument(help="The agent that gets it.")],
    text: Annotated[str, typer.Argument(help="The message.")],
    json: Json = False,
) -> None:
    """Put a message into an agent's inbox; prints its id.

    `thoughtstream tasks show agent_status:TO ID` says whether it was read, and the answer.
    """

    async def do() -> str:
        async with Colony.connect() as colony:
            return (await colony.send(sender, to, text)).id

    id_ = event_loop.run(do())
    output.answer({"to": to, "id": id_}, json, lambda: output.stdout.print(style.text(id_)))


def inbox(
    name: Name,
    most: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 10,
    keep: Annotated[bool, typer.Option("--keep", help="Leave them there.")] = False,
    json: Json = False,
) -> None:
    """Read the messages in an agent's inbox, the oldest first, and take them out."""
    messages = event_loop.run(_inbox(name, most, keep))

    def show_all() -> None:
        for message in messages:
            sender = style.text(message["from"] or "?")
            output.stdout.print(sender, style.text(message["text"]), soft_wrap=True)
        if not messages:
            output.stdout.print("no messages", style="dim")

    output.answer({"agent": name, "messages": messages}, json, show_all)


async def _inbox(name: str, most: int, keep: bool) -> list[dict[str, Any]]:
    async with Colony.connect() as colony:
        messages = await colony.inbox(name, most)
        for message in messages:
            await (message.give_back() if keep else message.read())
    return [{"from": one.sender, "text": one.text, "sent_ms": one.sent_ms} for one in messages]


def _answer(found: list[AgentStatus], json: bool, *, one: bool = False) -> None:
    said = [plain(status) for status in found]
    output.answer(said[0] if one else {"agents": said}, json, lambda: _show(found))


def _show(found: list[AgentStatus]) -> None:
    if not found:
        output.stdout.print("no agents (`thoughtstream agents join NAME`)", style="dim")
        return
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("agent", "state", "task", "skills", "seen"):
        table.add_column(column)
    for status in found:
        seen = datetime.fromtimestamp(status.last_seen / 1000).strftime("%Y-%m-%d %H:%M:%S")
        state = f"[{_STYLE.get(status.state, 'white')}]{status.state}[/]"
        skills = style.text(", ".join(status.skills))
        table.add_row(style.text(status.id), state, style.text(status.task or ""), skills, seen)
    output.stdout.print(table)


def _nobody(name: str) -> exit_codes.Failed:
    return exit_codes.Failed(f"{name}: no such agent is registered (`thoughtstream agents list`)")


list_.__name__ = "list"

COMMANDS: dict[Callable[..., Any], str] = {
    join: examples(
        "thoughtstream agents join ana --skills python,review",
        "thoughtstream agents join seed --mind ana --lineage kin",
    ),
    list_: examples("thoughtstream agents list", "thoughtstream agents list --json"),
    show: examples("thoughtstream agents show ana"),
    leave: examples("thoughtstream agents leave ana"),
    send: examples('thoughtstream agents send bob ana "the build is green"'),
    inbox: examples("thoughtstream agents inbox ana", "thoughtstream agents inbox ana --keep"),
    **reservations.COMMANDS,
}
