"""Runs all senses of a host at once: each in a task, which writes what it notices. One that fails
is reported and asked again, while the others go on.
"""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from thoughtstream.attention.models import NewThought
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.keys import readable
from thoughtstream.senses.budget import Budget

PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
"""A sense that failed is asked again after this; twice as long each time, up to the longest."""

log = structlog.get_logger()

Write = Callable[[list[NewThought]], Awaitable[list[str]]]
"""Writes thoughts and returns their ids: `Mind.feed`, or a wrapper of it."""


class Sense(Protocol):
    """Where thoughts come from."""

    async def notice(self) -> list[NewThought]:
        """Wait for what is next, if only to find that there is nothing. After any error it can be
        asked again.
        """

    async def close(self) -> None:
        """Give back what it holds."""


@dataclass
class Sensing:
    """What the senses did, by their names: thoughts written, those that a budget left untold, how
    often one failed; and how many thoughts were lost because they couldn't be written.
    """

    write: Write
    pause_s: float = PAUSE_S
    written: Counter[str] = field(default_factory=Counter)
    untold: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    lost: int = 0

    async def run(self, senses: dict[str, Sense]) -> None:
        """Run all senses side by side, until cancelled; then close them.

        While Redis does not answer or is full, what is noticed is lost (and counted): the state of
        the host a minute ago is no news.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for name, sense in senses.items():
                    group.create_task(self._follow(name, sense), name=f"sense {name}")
        finally:
            for sense in senses.values():
                await sense.close()

    async def _follow(self, name: str, sense: Sense) -> None:
        budget, pause_s = Budget(), self.pause_s
        while True:
            try:
                noticed = await sense.notice()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is its own
                self.failed[name] += 1
                why = f"{type(error).__name__}: {error}"
                log.warning("sense.failed", sense=name, why=why, again_in_s=pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                continue
            pause_s = self.pause_s
            now = time.monotonic()
            told = [thought for thought in noticed if budget.allows(thought.salience, now)]
            self.untold[name] += len(noticed) - len(told)
            if told:
                await self._tell(name, told)

    async def _tell(self, name: str, told: list[NewThought]) -> None:
        where = readable(socket.gethostname())
        thoughts = [
            t.model_copy(update={"source": where, "extra": {"sense": name, **t.extra}})
            for t in told
        ]
        try:
            await self.write(thoughts)
        except ThoughtstreamError as error:
            self.lost += len(thoughts)
            log.warning("sense.lost", sense=name, lost=self.lost, why=str(error))
        else:
            self.written[name] += len(thoughts)
