"""`thoughtstream watch`: see a mind think."""

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import typer
from rich.live import Live

from thoughtstream import Mind
from thoughtstream.attention.state import MindState
from thoughtstream.errors import RedisUnavailable
from thoughtstream.faces.cli import event_loop, output
from thoughtstream.faces.cli.dashboard import Dashboard
from thoughtstream.faces.cli.options import DEFAULT_MIND, Json, MindName, examples
from thoughtstream.faces.plain import plain

EXAMPLES = examples(
    "thoughtstream watch --mind ana",
    "thoughtstream watch --once",
    "thoughtstream watch --json | jq .ledger.attended",
)

_TOP = 60


def watch(
    interval: Annotated[float, typer.Option(min=0.05, help="Seconds between updates.")] = 0.25,
    once: Annotated[bool, typer.Option("--once", help="Show the current state, and exit.")] = False,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Watch a mind live: its windows, the contest, what it attends to, what it
    forgets and what it remembers.

    Press q or Ctrl-C to quit. With --json, prints one state per line.
    """
    if json:
        event_loop.run(_stream(mind, interval, once))
    elif once or not output.stdout.is_terminal:
        event_loop.run(_still(mind))
    else:
        event_loop.run(_live(mind, interval))


async def _stream(name: str, interval: float, once: bool) -> None:
    async with Mind.connect(name) as mind:
        async for state in _states(mind, interval, _ended()):
            if isinstance(state, MindState):
                output.print_json({"mind": name, **plain(state)})
            else:
                output.print_json({"mind": name, "error": str(state)})
            if once:
                return


async def _still(name: str) -> None:
    async with Mind.connect(name) as mind:
        dashboard = Dashboard(name)
        dashboard.add(await mind.state(top=_TOP))
        height = min(output.stdout.height - 1, 40)
        output.stdout.print(dashboard.draw(output.stdout.width, height), height=height)


async def _live(name: str, interval: float) -> None:
    async with Mind.connect(name) as mind:
        keys = "q or Ctrl-C ends" if sys.stdin.isatty() else "Ctrl-C ends"
        dashboard, ended = Dashboard(name, keys), _ended()
        with _keys(ended), Live(console=output.stdout, screen=True, auto_refresh=False) as live:
            async for state in _states(mind, interval, ended):
                dashboard.add(state)
                live.update(dashboard.draw(output.stdout.width, output.stdout.height), refresh=True)


async def _states(
    mind: Mind, interval: float, ended: asyncio.Event
) -> AsyncIterator[MindState | RedisUnavailable]:
    """A state every interval until `ended`, or the error while Redis is unavailable."""
    while not ended.is_set():
        try:
            yield await mind.state(top=_TOP)
        except RedisUnavailable as error:
            yield error
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), interval)


def _ended() -> asyncio.Event:
    """Set by the signals that end a program, so that the terminal is restored."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    return ended


@contextmanager
def _keys(ended: asyncio.Event) -> Iterator[None]:
    """`q` quits, too, where there is a keyboard."""
    if not sys.stdin.isatty():
        yield
        return
    descriptor, loop = sys.stdin.fileno(), asyncio.get_running_loop()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)

    def pressed() -> None:
        if os.read(descriptor, 1) in b"qQ":
            ended.set()

    loop.add_reader(descriptor, pressed)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
