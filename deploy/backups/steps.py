"""The kinds of step that backups and restores are made of, beside `deploy.steps`."""

from dataclasses import dataclass, field
from pathlib import Path

from deploy.backups.manifest import Saved, iso
from deploy.backups.places import Place
from deploy.backups.repository import Draft
from deploy.steps import Step


@dataclass(frozen=True)
class Source:
    """A server to be saved, and what it is."""

    place: Place
    redis: str
    percentage: int
    role: str = "master"
    slots: tuple[tuple[int, int], ...] = ()

    @property
    def node(self) -> str:
        """How the backup calls it."""
        return self.place.node

    @property
    def archive(self) -> str:
        """The file that its log goes to."""
        return f"{self.node.replace(':', '-')}.tar"


@dataclass(frozen=True)
class Save(Step):
    """Freezes a server's log, tries it, and brings it here."""

    source: Source
    draft: Draft = field(repr=False)

    def __str__(self) -> str:
        return f"save {self.source.node} ({self.source.role}) to {self.draft.whole}"


@dataclass(frozen=True)
class Finish(Step):
    """Names a backup whose parts are all there, and removes the oldest ones."""

    draft: Draft = field(repr=False)
    archives: tuple[str, ...]
    keep: int
    cluster: bool = False

    def __str__(self) -> str:
        return f"finish {self.draft.whole}, keep {self.keep}"


@dataclass(frozen=True)
class Share:
    """One server's part of a backup, and where it is brought to."""

    saved: Saved
    archive: Path
    place: Place
    folder: str


@dataclass(frozen=True)
class Bring(Step):
    """Puts parts of a backup beside a host's data, and loads each with a server of its own, which
    must hold what the manifest says; `until`: the log is cut at this moment first.
    """

    shares: tuple[Share, ...] = field(repr=False)
    until: int | None = None

    def __str__(self) -> str:
        cut = "" if self.until is None else f" as it was at {iso(self.until)}"
        return f"bring the backup{cut}, and try it"


@dataclass(frozen=True)
class SetAside(Step):
    """Copies what servers hold to a folder beside their data."""

    places: tuple[Place, ...] = field(repr=False)
    name: str
    percentage: int

    def __str__(self) -> str:
        return f"set aside what is there as {self.name}"


@dataclass(frozen=True)
class Empty(Step):
    """Removes what the masters among these servers hold."""

    places: tuple[Place, ...] = field(repr=False)

    def __str__(self) -> str:
        return "remove what is there"


@dataclass(frozen=True)
class Carry(Step):
    """Carries every key of what was brought over to where it belongs."""

    shares: tuple[Share, ...] = field(repr=False)
    cluster: bool

    def __str__(self) -> str:
        return "carry the keys over"


@dataclass(frozen=True)
class Compare(Step):
    """Nothing is changed: the servers must hold what was brought, by count and by value."""

    changes = False
    place: Place | None = field(repr=False)
    archives: tuple[str, ...]
    cluster: bool
    aside: str | None = None

    def __str__(self) -> str:
        return "compare with the backup, by count and by value"
