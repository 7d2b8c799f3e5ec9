"""Runs all senses of a host at once: each in a task, which writes what it notices."""

import asyncio
import shutil
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import structlog

from thoughtstream.attention.models import NewThought
from thoughtstream.errors import MemoryFull, RedisUnavailable
from thoughtstream.senses import host, processes
from thoughtstream.senses.budget import Budget
from thoughtstream.senses.logs import LogFile, LogSense, journal

_LOG_POLL_S = 0.25

log = structlog.get_logger()

Write = Callable[[list[NewThought]], Awaitable[list[str]]]
"""Writes thoughts and returns their ids: `Mind.feed`, or a wrapper of it."""

Sense = AsyncIterator[list[NewThought]]


class HostSense(StrEnum):
    """The senses that every host has."""

    LOAD = "load"
    MEMORY = "memory"
    DISK = "disk"
    NETWORK = "network"
    PROCESSES = "processes"


@dataclass
class Sensing:
    """What the senses did: thoughts written by each sense, those that its budget left untold, and
    those lost while Redis was unavailable.
    """

    write: Write
    written: Counter[str] = field(default_factory=Counter)
    untold: int = 0
    lost: int = 0

    async def run(self, senses: dict[str, Sense]) -> None:
        """Run all senses side by side, until cancelled or one fails.

        While Redis does not answer or is full, what is noticed is lost (and counted): the state of
        the host a minute ago is no news.
        """
        async with asyncio.TaskGroup() as group:
            for name, sense in senses.items():
                group.create_task(self._follow(name, sense), name=f"sense {name}")

    async def _follow(self, name: str, sense: Sense) -> None:
        where, budget = socket.gethostname(), Budget()
        async for noticed in sense:
            now = time.monotonic()
            told = [thought for thought in noticed if budget.allows(thought.salience, now)]
            self.untold += len(noticed) - len(told)
            if not told:
                continue
            thoughts = [
                t.model_copy(update={"source": where, "extra": {"sense": name, **t.extra}})
                for t in told
            ]
            try:
                await self.write(thoughts)
            except (RedisUnavailable, MemoryFull) as error:
                self.lost += len(thoughts)
                log.warning("sense.lost", sense=name, lost=self.lost, why=str(error))
            else:
                self.written[name] += len(thoughts)


def of_host(names: Iterable[HostSense], interval_s: float) -> dict[str, Sense]:
    """These senses, each reading once per interval."""
    return {name.value: _host_sense(name, interval_s) for name in names}


def _host_sense(name: HostSense, interval_s: float) -> Sense:
    match name:
        case HostSense.LOAD:
            return _gauge(host.load, interval_s)
        case HostSense.MEMORY:
            return _gauge(host.memory, interval_s)
        case HostSense.DISK:
            return _gauge(host.Disk(), interval_s)
        case HostSense.NETWORK:
            return _gauge(host.Network(), interval_s)
        case HostSense.PROCESSES:
            return _processes(interval_s)


def of_logs(files: Iterable[Path], *, with_journal: bool) -> dict[str, Sense]:
    """A sense for each log file, and for the journal.

    Raises:
        LogError: a file cannot be read.
    """
    senses = {f"log {path}": _log_file(LogFile(path)) for path in files}
    return senses | ({"journal": _journal()} if with_journal else {})


def has_journal() -> bool:
    """Whether this host has systemd's journal."""
    return shutil.which("journalctl") is not None and Path("/run/systemd/journal").is_dir()


async def _tick(interval_s: float) -> None:
    """Wait for the next reading. All senses read at the same moments, so that what they notice
    competes: of many thoughts at once the most surprising is attended, the usual forgotten.
    """
    await asyncio.sleep(interval_s - time.time() % interval_s)


async def _gauge(read: host.Gauge, interval_s: float) -> Sense:
    feeling, last = host.Feeling(), time.monotonic()
    while True:
        await _tick(interval_s)
        now = time.monotonic()
        yield [feeling.notice(reading) for reading in read(now - last)]
        last = now


async def _processes(interval_s: float) -> Sense:
    changes = processes.ProcessChanges()
    while True:
        await _tick(interval_s)
        if noticed := list(changes.notice(processes.table())):
            yield noticed


async def _log_file(file: LogFile) -> Sense:
    sense = LogSense(file.path.name)
    try:
        while True:
            if noticed := list(sense.notice(file.read())):
                yield noticed
            await asyncio.sleep(_LOG_POLL_S)
    finally:
        file.close()


async def _journal() -> Sense:
    sense = LogSense("journal")
    async for lines, weights in journal():
        if noticed := list(sense.notice(lines, weights)):
            yield noticed
