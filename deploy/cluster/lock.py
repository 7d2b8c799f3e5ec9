"""The lock of a cluster, or of a server: a file on each of its hosts that says who is changing it.
Pure, except that it asks who we are.

The first host decides between two runs that begin at once. A run that succeeds releases the lock.
One that is interrupted leaves it behind, and the next run on the same machine takes it over.
"""

import getpass
import json
import os
import socket
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

import psutil
from platformdirs import user_state_path


@dataclass(frozen=True)
class Lock:
    """`since`: when the verb began, even if another run has resumed it; `process_since` tells two
    processes with the same pid apart, `seat` two machines with the same name (for people: CI names
    many alike).
    """

    verb: str
    who: str
    machine: str
    pid: int
    process_since: float
    since: float
    seat: str = ""

    @classmethod
    def own(cls, verb: str) -> "Lock":
        """The lock of this process."""
        process = psutil.Process()
        return cls(
            verb, _user(), socket.gethostname(), os.getpid(),
            process.create_time(), time.time(), _seat(),
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
        return (self.seat, self.pid, self.process_since) == (
            other.seat, other.pid, other.process_since,
        )  # fmt: skip

    def is_stale(self) -> bool:
        """Whether its process ran where this one runs and is dead."""
        if self.seat != _seat():
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


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user that has no entry in passwd
        return f"user {os.getuid()}"


def _seat() -> str:
    """What tells where processes of ours can be seen: an id that we have once left on this machine,
    and the namespace of pids, if they have one. Never the same again where nothing can be left.
    """
    pids = ""
    with suppress(OSError):
        pids = str(Path("/proc/self/ns/pid").readlink())
    return f"{_machine_id()} {pids}".strip()


def _machine_id() -> str:
    file, new = user_state_path("thoughtstream") / "machine", uuid.uuid4().hex
    with suppress(OSError):
        _leave(file, new)
        return file.read_text()
    return new


def _leave(file: Path, text: str) -> None:
    """Writes a file, whole, unless it is there.

    Raises: OSError: it can't.
    """
    if not file.is_absolute():  # who has no home would have one named `~`
        raise FileNotFoundError(file)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{text}")
        draft.write_text(text)
        with suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()


def refusal(host: str, found: Lock | None, path: str) -> str:
    """Why the lock can't be acquired, and what to do."""
    holder = str(found) if found else "its lock file isn't ours"
    return (
        f"{host} is locked: {holder}\n  wait until that run has finished; if it is gone for good, "
        f"check its hosts, remove {path} on each and run again"
    )


def acquire(lock: Lock, path: str) -> str:
    """The command that writes the file, in one piece; it fails if there is one."""
    new = f"{path}.{lock.pid}"
    return (
        f"umask 022; printf %s {quote(lock.to_json())} >{new} && "
        f"{{ ln {new} {path}; done=$?; rm -f {new}; [ $done = 0 ]; }}"
    )


def release(path: str) -> str:
    """The command that removes the file."""
    return f"rm -f {path}"
