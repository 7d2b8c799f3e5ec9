"""Which process of ours runs in a home: a lock that it holds while it lives, and its record.

The lock tells *whether* it lives: the kernel drops it with the process, however that ends, and no
other process can be taken for it. The record tells *which* process it is, and is believed only if
the process of that id also started when the record says.
"""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from thoughtstream.home.home import write_private

_SAME_START_S = 2.0


@dataclass(frozen=True)
class Seat:
    """The place of one process in a home: `<name>.lock` and `<name>.json`."""

    directory: Path
    name: str

    def take(self) -> int | None:
        """The lock's descriptor, or None if a living process holds it.

        Whoever inherits or keeps the descriptor holds the lock until it ends.
        """
        lock = os.open(self.directory / f"{self.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def taken(self) -> bool:
        """Whether a living process sits here. Looks by taking the seat for a moment."""
        if not self.directory.is_dir():
            return False
        lock = self.take()
        if lock is not None:
            os.close(lock)
        return lock is None

    @property
    def _record(self) -> Path:
        return self.directory / f"{self.name}.json"

    def write(self, pid: int, **facts: str) -> None:
        """Note who sits here, and facts about it that outlive it."""
        started = psutil.Process(pid).create_time()
        write_private(self._record, json.dumps({"pid": pid, "started": started, **facts}))

    def read(self) -> dict[str, Any]:
        """The last record; empty if there is none that can be read."""
        try:
            record = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def process(self) -> psutil.Process | None:
        """The process of the record, if it is that very one and lives."""
        record = self.read()
        try:
            process = psutil.Process(record["pid"])
            same = abs(process.create_time() - record["started"]) < _SAME_START_S
            dead = process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        except (KeyError, TypeError, ValueError, psutil.Error):
            return None
        return process if same and not dead else None
