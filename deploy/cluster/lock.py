"""The lock of a cluster: a file on each of its hosts that says who is changing it. Pure, except
that it asks who we are.

The first host decides between two runs that begin at once. A run that succeeds releases the lock.
One that is interrupted leaves it behind, and the next run on the same machine takes it over.
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
    """`since`: when the verb began, even if another run has resumed it; `process_since` tells two
    processes with the same pid apart.
    """

    verb: str
    who: str
    machine: str
    pid: int
    process_since: float
    since: float

    @classmethod
    def own(cls, verb: str) -> "Lock":
        """The lock of this process."""
        process = psutil.Process()
        return cls(
            verb, getpass.getuser(), socket.gethostname(), os.getpid(),
            process.create_time(), time.time(),
        )  # fmt: skip

    @classmethod
    def parse(cls, text: str) -> "Lock | None":
        """Reads a lock file; None if it isn't one of ours."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            return None

    def to_json(self) -> str:
        """The content of the file."""
        return json.dumps(asdict(self))

    def same_run(self, other: "Lock") -> bool:
        """Whether both belong to the same process."""
        return (self.machine, self.pid, self.process_since) == (
            other.machine, other.pid, other.process_since,
        )  # fmt: skip

    def is_stale(self) -> bool:
        """Whether its process ran on this machine and is dead."""
        if self.machine != socket.gethostname():
            return False
        try:
            return psutil.Process(self.pid).create_time() != self.process_since
        except psutil.NoSuchProcess:
            return True

    def resuming(self, before: "Lock") -> "Lock":
        """This lock in place of a stale one: the same verb is resumed."""
        return replace(self, since=before.since) if before.verb == self.verb else self

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return (
            f"deploy.{self.verb} by {self.who} on {self.machine} (process {self.pid}) since {since}"
        )


def refusal(host: str, found: Lock | None) -> str:
    """Why the lock can't be acquired, and what to do."""
    holder = str(found) if found else "its lock file isn't ours"
    return (
        f"{host} is locked: {holder}\n  wait until that run has finished; if it is gone for good, "
        f"check the cluster, remove {PATH} on every host and run again"
    )


def acquire(lock: Lock) -> str:
    """The command that writes the file, in one piece; it fails if there is one."""
    new = f"{PATH}.{lock.pid}"
    return (
        f"umask 022; printf %s {quote(lock.to_json())} >{new} && "
        f"{{ ln {new} {PATH}; done=$?; rm -f {new}; [ $done = 0 ]; }}"
    )


def release() -> str:
    """The command that removes the file."""
    return f"rm -f {PATH}"
