"""Who changes a cluster now: a file on each of its hosts. Pure, but for asking who we are.

The first host decides between two who begin at once. A run that ends well gives the lock back; one
that is cut off leaves it, and the next run on the same machine takes it over and goes on.
"""

import getpass
import json
import os
import socket
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from shlex import quote

import psutil

PATH = "/var/lib/thoughtstream.lock"


@dataclass(frozen=True)
class Lock:
    """`verb`: what is done; `since`: when it began, also if it was gone on with since;
    `process_since`: which process has the pid.
    """

    verb: str
    who: str
    machine: str
    pid: int
    process_since: float
    since: float

    @classmethod
    def own(cls, verb: str) -> "Lock":
        """The one of this very process."""
        process = psutil.Process()
        return cls(
            verb, getpass.getuser(), socket.gethostname(), os.getpid(),
            process.create_time(), time.time(),
        )  # fmt: skip

    @classmethod
    def parse(cls, text: str) -> "Lock | None":
        """Reads a lock's file; None if it isn't one of ours."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return None

    def to_json(self) -> str:
        """What stands in the file."""
        return json.dumps(asdict(self))

    def same_run(self, other: "Lock") -> bool:
        """Whether both are of one process."""
        return (self.machine, self.pid, self.process_since) == (
            other.machine, other.pid, other.process_since,
        )  # fmt: skip

    def is_stale(self) -> bool:
        """Whether its process was one of this machine and is dead."""
        if self.machine != socket.gethostname():
            return False
        try:
            return psutil.Process(self.pid).create_time() != self.process_since
        except psutil.NoSuchProcess:
            return True

    def resuming(self, before: "Lock") -> "Lock":
        """This lock in place of one that was left: the same verb goes on where it was."""
        return replace(self, since=before.since) if before.verb == self.verb else self

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return (
            f"deploy.{self.verb} by {self.who} on {self.machine} (process {self.pid}) since {since}"
        )


def refusal(host: str, found: Lock | None) -> str:
    """Why a lock can't be had, and what to do."""
    whose = str(found) if found else "something that isn't ours"
    return (
        f"{host} is locked: {whose}\n  wait until it is done; if it is gone for good, look at the "
        f"cluster, remove {PATH} on every host and run again"
    )


def take(lock: Lock) -> str:
    """Writes the file, whole and only if there is none; else it fails."""
    new = f"{PATH}.{lock.pid}"
    return (
        f"umask 022; printf %s {quote(lock.to_json())} >{new} && "
        f"{{ ln {new} {PATH}; done=$?; rm -f {new}; [ $done = 0 ]; }}"
    )


def release() -> str:
    """Removes the file."""
    return f"rm -f {PATH}"
