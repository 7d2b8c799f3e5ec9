"""The senses there are: gauges of this host, its processes, log files, systemd's journal."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum
from pathlib import Path

from thoughtstream.attention.models import NewThought
from thoughtstream.keys import readable
from thoughtstream.senses import host, processes
from thoughtstream.senses.journal import JournalSense
from thoughtstream.senses.logs import LogFile, LogSense
from thoughtstream.senses.sensing import Sense

_LOG_POLL_S = 0.25


class HostSense(StrEnum):
    """The senses that every host has."""

    LOAD = "load"
    MEMORY = "memory"
    DISK = "disk"
    NETWORK = "network"
    PROCESSES = "processes"


Learn = Callable[[list[host.Reading]], Awaitable[None]]
"""Is told what gauges read."""


def of_host(
    names: Iterable[HostSense], interval_s: float, learn: Learn | None = None
) -> dict[str, Sense]:
    """These senses, each reading once per interval."""
    return {name.value: _host_sense(name, interval_s, learn) for name in names}


def _host_sense(name: HostSense, interval_s: float, learn: Learn | None) -> Sense:
    match name:
        case HostSense.LOAD:
            return GaugeSense(host.Load, interval_s, learn)
        case HostSense.MEMORY:
            return GaugeSense(lambda: host.memory, interval_s, learn)
        case HostSense.DISK:
            return GaugeSense(host.Disk, interval_s, learn)
        case HostSense.NETWORK:
            return GaugeSense(host.Network, interval_s, learn)
        case HostSense.PROCESSES:
            return ProcessSense(interval_s)


def of_logs(files: Iterable[Path], *, with_journal: bool) -> dict[str, Sense]:
    """A sense for each log file, and for the journal.

    Raises:
        LogError: a file cannot be read.
    """
    senses: dict[str, Sense] = {readable(f"log {path}"): FileSense(LogFile(path)) for path in files}
    return senses | ({"journal": JournalSense()} if with_journal else {})


def has_journal() -> bool:
    """Whether this host has systemd's journal."""
    return shutil.which("journalctl") is not None and Path("/run/systemd/journal").is_dir()


async def _tick(interval_s: float) -> None:
    """Wait for the next reading. All senses read at the same moments, so that what they notice
    competes: of many thoughts at once the most surprising is attended, the usual forgotten.
    """
    await asyncio.sleep(interval_s - time.time() % interval_s)


class GaugeSense:
    """Readings of a gauge, which is made when it is first needed and again after it has failed:
    some count what happened since they last were read.
    """

    def __init__(
        self, make: Callable[[], host.Gauge], interval_s: float, learn: Learn | None
    ) -> None:
        self._make = make
        self._learn = learn
        self._interval_s = interval_s
        self._feeling = host.Feeling()
        self._gauge: host.Gauge | None = None
        self._last = 0.0

    async def notice(self) -> list[NewThought]:
        """The next readings."""
        if self._gauge is None:
            self._gauge, self._last = self._make(), time.monotonic()
        await _tick(self._interval_s)
        gauge, self._gauge = self._gauge, None
        now = time.monotonic()
        readings = list(gauge(now - self._last))
        self._gauge, self._last = gauge, now
        if self._learn is not None:
            await self._learn(readings)
        return [self._feeling.notice(reading) for reading in readings]

    async def close(self) -> None:
        """Nothing is open."""


class ProcessSense:
    """Processes that start and end."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._changes: processes.ProcessChanges | None = None

    async def notice(self) -> list[NewThought]:
        """What has changed at the next look."""
        if self._changes is None:
            self._changes = processes.ProcessChanges()
        await _tick(self._interval_s)
        return list(self._changes.notice(processes.table()))

    async def close(self) -> None:
        """Nothing is open."""


class FileSense:
    """New lines of a log file."""

    def __init__(self, file: LogFile) -> None:
        self._file = file
        self._sense = LogSense(readable(file.path.name))

    async def notice(self) -> list[NewThought]:
        """What was added by the next look."""
        await asyncio.sleep(_LOG_POLL_S)
        return list(self._sense.notice(self._file.read()))

    async def close(self) -> None:
        """Stop following."""
        self._file.close()
