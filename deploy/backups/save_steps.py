"""The kinds of step that a backup is made of, beside `deploy.steps`."""

from dataclasses import dataclass, field

from deploy.backups.repository import Draft
from deploy.runtimes.instances import Instance
from deploy.steps import Step


@dataclass(frozen=True)
class Source:
    """A server to be saved, and what it is. `percentage`: the growth of its log at which it
    rewrites it; `recipients`: whom its archive is encrypted to.
    """

    instance: Instance
    redis: str
    percentage: int
    role: str = "master"
    slots: tuple[tuple[int, int], ...] = ()
    recipients: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the backup calls it."""
        return self.instance.name

    @property
    def archive(self) -> str:
        """The file that its log goes to."""
        return f"{self.name.replace(':', '-')}.tar{'.age' if self.recipients else ''}"


@dataclass(frozen=True)
class Save(Step):
    """Freezes a server's log, verifies that it loads, and downloads it."""

    source: Source
    draft: Draft = field(repr=False)

    def __str__(self) -> str:
        source = self.source
        how = ", encrypted" if source.recipients else ""
        return f"save {source.name} ({source.role}) to {self.draft.whole}{how}"


@dataclass(frozen=True)
class Finish(Step):
    """Names a backup whose parts are all there, has Redis know of it `through` one server, and
    removes the oldest ones.
    """

    draft: Draft = field(repr=False)
    through: Instance = field(repr=False)
    archives: tuple[str, ...]
    keep: int
    cluster: bool = False

    def __str__(self) -> str:
        return f"complete the backup {self.draft.whole}, and keep the newest {self.keep}"
