"""The kinds of step that backups and restores are made of, beside `deploy.steps`."""

from dataclasses import dataclass, field

from deploy.backups.places import Place
from deploy.backups.shelf import Draft
from deploy.steps import Step


@dataclass(frozen=True)
class Source:
    """A server to be saved: its name in the backup, and what it is."""

    node: str
    place: Place
    redis: str
    percentage: int
    role: str = "master"
    slots: tuple[tuple[int, int], ...] = ()
    size: int = 0

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
