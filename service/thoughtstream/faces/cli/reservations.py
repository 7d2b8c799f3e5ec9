"""`thoughtstream agents reserve`, `release` and `reservations`: one at a time has a name."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.table import Table

from thoughtstream import Colony
from thoughtstream.coordination.reserve import LONGEST_S, Reservation
from thoughtstream.faces.cli import event_loop, exit_codes, output, signals, style
from thoughtstream.faces.cli.options import Json, examples

Name = Annotated[str, typer.Argument(help="Of a file, a branch, a port: any text.")]


def reserve(
    name: Name,
    by: Annotated[
        str, typer.Option(envvar="THOUGHTSTREAM_AGENT", help="Who has it, for the others to see.")
    ],
    command: Annotated[
        list[str] | None, typer.Argument(help="Has the name for as long as it runs.")
    ] = None,
    for_: Annotated[
        float, typer.Option("--for", max=LONGEST_S, help="Seconds, without a command.")
    ] = 300,
    wait: Annotated[
        float | None,
        typer.Option(help="Seconds to wait while another has it; a command waits for ever."),
    ] = None,
    json: Json = False,
) -> None:
    """Have a name to oneself: while a command runs, or for some time; again, to renew it.

    Exits with 1 if another has it, else as the command does, which finds the fence in
    RESERVATION_FENCE: it grows with each reservation of a name. If the name is lost, the command is
    ended. If this program is killed the command goes on, and the name is free within a lease
    (agents.lease_s).
    """
    if command:
        exit_codes.stop(event_loop.run(_run(name, by, wait, command)))

    async def do() -> Reservation:
        async with Colony.connect() as colony:
            return await colony.hold(name, by=by, for_s=for_, wait_s=wait or 0)

    held = event_loop.run(do())
    output.done(held, json, f"for {for_:g} s", name)


async def _run(name: str, by: str, wait_s: float | None, command: list[str]) -> int:
    async with Colony.connect() as colony, colony.reserve(name, by=by, wait_s=wait_s) as held:
        environment = os.environ | {"RESERVATION_FENCE": str(held.fence)}
        try:
            process = await asyncio.create_subprocess_exec(*command, env=environment)
        except OSError as error:
            raise exit_codes.Failed(f"{command[0]}: {error.strerror}") from None
        try:
            return _code(await _ended(process))
        finally:
            await _end(process)


async def _ended(process: asyncio.subprocess.Process) -> int:
    """Wait for it. SIGTERM is passed on; Ctrl-C it gets by itself, and we go on waiting."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, _send, process, signal.SIGTERM)
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    return await process.wait()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Have it ended, if it goes on."""
    _send(process, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(signals.PATIENCE_S):
            await process.wait()
    _send(process, signal.SIGKILL)
    await process.wait()


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)


def _code(code: int) -> int:
    """As a shell has it: 128 and the signal that ended it."""
    return 128 - code if code < 0 else code


def release(
    name: Name,
    by: Annotated[str | None, typer.Option(help="Only if this one has it.")] = None,
    json: Json = False,
) -> None:
    """Free a name, whoever has it: a program that does is ended within a heartbeat."""

    async def do() -> Reservation | None:
        async with Colony.connect() as colony:
            return await colony.release(name, by=by)

    was = event_loop.run(do())
    if was is None:
        whose = f"by {by} " if by else ""
        raise exit_codes.Failed(
            f"{name}: is not reserved {whose}(`thoughtstream agents reservations`)"
        )
    output.done(was, json, f"released, {was.by} had it:", name)


def reservations(json: Json = False) -> None:
    """List the names that are reserved just now, and by whom."""

    async def do() -> list[Reservation]:
        async with Colony.connect() as colony:
            return await colony.reservations()

    found = event_loop.run(do())
    output.answer({"reservations": found}, json, lambda: _show(found))


def _show(found: list[Reservation]) -> None:
    if not found:
        output.stdout.print("no reservations", style="dim")
        return
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("name", "by", "fence"):
        table.add_column(column)
    for one in found:
        table.add_row(style.text(one.name), style.text(one.by), str(one.fence))
    output.stdout.print(table)


COMMANDS: dict[Callable[..., Any], str] = {
    reserve: examples(
        "thoughtstream agents reserve main --by ana -- git push",
        "thoughtstream agents reserve port-8080 --by ana --wait 60 -- make serve",
        "thoughtstream agents reserve src/app.py --by ana --for 600",
    ),
    release: examples(
        "thoughtstream agents release src/app.py --by ana", "thoughtstream agents release main"
    ),
    reservations: examples(
        "thoughtstream agents reservations", "thoughtstream agents reservations --json"
    ),
}
