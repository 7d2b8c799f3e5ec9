"""How long the only Redis of a host was away, as its clients saw it."""

import time
from collections.abc import Generator

from pyinfra import logger
from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host, state

from deploy.operations.dispatch import perform
from deploy.steps import NoteStop, TellGap

_stopped: dict[str, float] = {}


@operation()
def note_stop() -> Generator[StringCommand, None, None]:
    """Remembers the moment before it stops."""
    yield from ()
    if state.is_executing:
        _stopped[host.name] = time.monotonic()


@operation()
def tell_gap() -> Generator[StringCommand, None, None]:
    """Tells how long ago that was."""
    yield from ()
    if state.is_executing:
        gap = time.monotonic() - _stopped.pop(host.name)
        told = f"Redis was away for {gap:.1f} s at most; nothing acknowledged is lost"
        logger.info(f"{host.print_prefix}{told}")


@perform.register
def _note(step: NoteStop) -> None:
    note_stop(name=str(step))


@perform.register
def _tell(step: TellGap) -> None:
    tell_gap(name=str(step))
