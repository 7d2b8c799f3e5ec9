"""One service and one embedded Redis per home: each holds a lock while it lives, and has a record.

The lock says *whether* the process lives: the kernel releases it when the process ends, for
whatever reason, and no other process can be mistaken for it. The record says *which* process it
is, and is trusted only if the process with that id also started at the recorded time.
"""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thoughtstream.home.home import write_private

if TYPE_CHECKING:
    import psutil

_SAME_START_S = 2.0


@dataclass(frozen=True)
class ProcessLock:
    """The lock and the record of one process in a home: `<name>.lock` and `<name>.json`."""

    directory: Path
    name: str

    def acquire(self) -> int | None:
        """The lock's descriptor, or None if a living process holds it.

        Every process that has the descriptor, inherited or not, holds the lock until it ends.
        """
        lock = os.open(self.directory / f"{self.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def is_held(self) -> bool:
        """Whether a living process holds it. Tested by acquiring it for a moment."""
        if not self.directory.is_dir():
            return False
        lock = self.acquire()
        if lock is not None:
            os.close(lock)
        return lock is None

    @property
    def _record(self) -> Path:
        return self.directory / f"{self.name}.json"

    def write_record(self, pid: int, **facts: str) -> None:
        """Record which process holds it, and facts about it that outlive it."""
        import psutil  # who only asks whether it lives, or where, doesn't pay for it

        started = psutil.Process(pid).create_time()
        write_private(self._record, json.dumps({"pid": pid, "started": started, **facts}))

    def read_record(self) -> dict[str, Any]:
        """The last record; empty if there is none, or none that can be read."""
        try:
            record = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def process(self) -> "psutil.Process | None":
        """The recorded process, if it is still that one and alive."""
        import psutil

        record = self.read_record()
        try:
            process = psutil.Process(record["pid"])
            same = abs(process.create_time() - record["started"]) < _SAME_START_S
            dead = process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        except (KeyError, TypeError, ValueError, psutil.Error):
            return None
        return process if same and not dead else None
