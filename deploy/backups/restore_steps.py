"""The kinds of step that a restore is made of, beside `deploy.steps`."""

from dataclasses import dataclass, field
from pathlib import Path

from deploy.backups.manifest import Saved
from deploy.backups.point_in_time import iso
from deploy.runtimes.instances import Instance
from deploy.steps import Step


@dataclass(frozen=True)
class Share:
    """One server's part of a backup, and the host's folder that it is uploaded to; `identity`: the
    secret keys that open it.
    """

    saved: Saved
    archive: Path
    instance: Instance
    folder: str
    identity: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Upload(Step):
    """Puts parts of a backup beside a host's data, and loads each with a scratch server, which must
    hold what the manifest says; `until`: the log is cut at this moment first.
    """

    shares: tuple[Share, ...] = field(repr=False)
    until: int | None = None

    def __str__(self) -> str:
        cut = "" if self.until is None else f", cut at {iso(self.until)}"
        how = "decrypt and upload" if any(s.saved.recipients for s in self.shares) else "upload"
        return f"{how} the backup{cut}, and verify that it loads"


@dataclass(frozen=True)
class SetAside(Step):
    """Copies what servers hold to a folder beside their data."""

    instances: tuple[Instance, ...] = field(repr=False)
    name: str
    percentage: int

    def __str__(self) -> str:
        return f"keep a copy of the present data in {self.name}"


@dataclass(frozen=True)
class Empty(Step):
    """Removes what the masters among these servers hold."""

    instances: tuple[Instance, ...] = field(repr=False)

    def __str__(self) -> str:
        return "delete the present data"


@dataclass(frozen=True)
class CopyKeys(Step):
    """Copies every key of what was uploaded to where it belongs."""

    shares: tuple[Share, ...] = field(repr=False)
    cluster: bool

    def __str__(self) -> str:
        return "copy the keys to the servers they belong to"


@dataclass(frozen=True)
class Compare(Step):
    """Nothing is changed: the servers must hold what was uploaded, by count and by value."""

    changes = False
    instance: Instance | None = field(repr=False)
    archives: tuple[str, ...]
    cluster: bool
    aside: str | None = None

    def __str__(self) -> str:
        return "compare with the backup, by count and by value"
