"""The plans of `deploy.backup` and `deploy.restore`: settings and facts in, steps out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from pyinfra.api.exceptions import DeployError
from pyinfra.context import host, state

from deploy.backups import checks, operations, putting_back  # noqa: F401  (they register)
from deploy.backups.facts import InfoFact, KeysFact, RoomFact
from deploy.backups.manifest import Manifest, Saved, moment_of
from deploy.backups.places import Place, places_of
from deploy.backups.scripts import swap
from deploy.backups.shelf import BackupError, Draft, default_shelf, free, open_backup, verify
from deploy.backups.steps import (
    Bring,
    Carry,
    Compare,
    Empty,
    Finish,
    Save,
    SetAside,
    Share,
    Source,
)
from deploy.runtimes.base import Runtime
from deploy.runtimes.embedded import Embedded
from deploy.settings import Stack
from deploy.steps import Gate, Run, Step, Tell

STAMP = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
"""One name for what a run makes on all its hosts."""


@dataclass(frozen=True)
class Backup:
    """What somebody asks to be put back, opened and read through."""

    folder: Path
    manifest: Manifest
    until: int | None
    replace: bool

    def share(self, saved: Saved, place: Place) -> Share:
        """A part of it for a server, brought beside its data."""
        name = f"restore-{STAMP}-{saved.archive.removesuffix('.tar')}"
        return Share(saved, self.folder / saved.archive, place, f"{place.data}/{name}")

    @property
    def aside(self) -> str:
        """The folder that gets what was there before."""
        return f"before-restore-{STAMP}"


def save(stack: Stack, runtime: Runtime, *, to: object, keep: object) -> list[Step]:
    """The plan of a backup of one server."""
    shelf, kept = shelf_of(to, keep)
    (place,) = _places(runtime)
    info = host.get_fact(InfoFact, place.cli)
    room = host.get_fact(RoomFact, place)
    refuse("backed up", list(checks.saving(info, room, shelf=shelf, here=free(shelf))))
    draft = Draft(shelf, host.name, STAMP)
    percentage = stack.redis.auto_aof_rewrite_percentage
    source = Source(place, info["redis_version"] if info else "", percentage)
    return [Save(source, draft), Finish(draft, (source.archive,), kept)]


def restore(stack: Stack, runtime: Runtime, backup: Backup) -> list[Step]:
    """The plan of putting a backup back on one server."""
    if len(state.inventory.get_active_hosts()) > 1:
        raise DeployError("several hosts: name the one to restore to, with --limit")
    (place,) = _places(runtime)
    manifest = backup.manifest
    problems = [
        *checks.cutting(manifest.nodes, backup.until),
        *fits(backup, place, shares=len(manifest.nodes)),
        *checks.capacity(manifest, stack.redis.maxmemory, 1),
    ]
    refuse("restored to", problems)
    shares = tuple(backup.share(saved, place) for saved in manifest.nodes)
    if manifest.cluster:
        return carried(stack, runtime, backup, shares, [place])
    return _in_place(stack, runtime, backup, shares[0])


def fits(backup: Backup, place: Place, *, shares: int) -> list[str]:
    """Why a server can't get a backup, or pass on so many shares of it."""
    info, room = host.get_fact(InfoFact, place.cli), host.get_fact(RoomFact, place)
    keys = host.get_fact(KeysFact, place)
    return list(
        checks.putting_back(
            backup.manifest, info, room, keys, replace=backup.replace, shares=shares
        )
    )


def _in_place(stack: Stack, runtime: Runtime, backup: Backup, share: Share) -> list[Step]:
    """The server's log becomes the backup's."""
    place = share.place
    aside = f"{place.data}/{backup.aside}"
    return [
        Bring((share,), backup.until),
        Run(f"stop {place.service}", place.stop(place.service)),
        Run(f"stop {place.unit}", place.stop(place.unit)),
        Run(f"put the log in place; the old one to {aside}", swap(place, share.folder, aside)),
        Run(f"start {place.unit}", place.start(place.unit)),
        Gate(
            "Redis answers",
            "Redis did not answer",
            place.cli.is_ready(),
            stack.service.start_timeout_s,
        ),
        Compare(place, (share.saved.archive,), cluster=False, aside=aside),
        *_back(stack, runtime, place),
        Tell(f"what was there before is in {aside}; remove it when you don't need it"),
    ]


def carried(
    stack: Stack, runtime: Runtime, backup: Backup, shares: tuple[Share, ...],
    places: Sequence[Place], *, compares: bool = True,
) -> list[Step]:  # fmt: skip
    """Each key goes from a server of its own to where it belongs. All hosts of a cluster take these
    steps side by side, each with its shares; one of them compares what all have now.
    """
    place, cluster = places[0], stack.cluster is not None
    percentage = stack.redis.auto_aof_rewrite_percentage
    archives = tuple(saved.archive for saved in backup.manifest.nodes)
    making_room: list[Step] = [
        SetAside(tuple(places), backup.aside, percentage),
        Empty(tuple(places)),
    ]
    return [
        Bring(shares, backup.until),
        Run(f"stop {place.service}", place.stop(place.service)),
        *(making_room if backup.replace else []),
        Carry(shares, cluster),
        Compare(place if compares else None, archives, cluster),
        *_back(stack, runtime, place),
    ]


def _back(stack: Stack, runtime: Runtime, place: Place) -> list[Step]:
    return [
        Run(f"start {place.service}", place.start(place.service)),
        Gate(
            "the service is healthy",
            "the service did not become healthy",
            f"{runtime.command} status",
            stack.service.start_timeout_s,
        ),
    ]


def shelf_of(to: object, keep: object) -> tuple[Path, int]:
    """Where a backup goes, and how many stay there."""
    if not isinstance(keep, int) or isinstance(keep, bool) or keep < 1:
        raise DeployError(f"keep: is {keep!r}; give the number of backups to keep, 1 or more")
    return default_shelf() if to is None else Path(str(to)).expanduser().absolute(), keep


@cache
def opened(from_: object, point_in_time: object, replace: object) -> Backup:
    """The backup that somebody names, read through: nothing of it is missing or damaged."""
    replacing = _yes("replace", replace)
    try:
        folder, manifest = open_backup(str(from_))
        until = None if point_in_time is None else moment_of(point_in_time)
        for saved in manifest.nodes:
            verify(folder, saved)
    except (BackupError, ValueError) as error:
        raise DeployError(f"{error}\n  nothing was changed") from None
    return Backup(folder, manifest, until, replacing)


def _places(runtime: Runtime) -> list[Place]:
    if isinstance(runtime, Embedded):
        raise DeployError(
            "runtime: 'embedded' is a mind in somebody's home, not a server; `thoughtstream down`, "
            "copy the home, `thoughtstream up`"
        )
    return places_of(runtime)


def refuse(what: str, problems: list[str]) -> None:
    """Ends the run where there are problems."""
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise DeployError(f"{host.name} can't be {what}; nothing was changed\n{lines}")


def _yes(name: str, given: object) -> bool:
    answers = {"yes": True, "no": False, True: True, False: False}
    if not isinstance(given, str | bool) or given not in answers:
        raise DeployError(f"{name}: is {given!r}; say yes or no")
    return answers[given]
