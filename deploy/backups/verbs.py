"""The plans of `deploy.backup` and `deploy.restore`: settings and facts in, steps out."""

from datetime import UTC, datetime
from pathlib import Path

from pyinfra.api.exceptions import DeployError
from pyinfra.context import host, state

from deploy.backups import checks, operations, putting_back  # noqa: F401  (they register)
from deploy.backups.facts import InfoFact, KeysFact, RoomFact
from deploy.backups.manifest import Manifest, moment_of
from deploy.backups.places import Place, places_of
from deploy.backups.scripts import swap
from deploy.backups.shelf import BackupError, Draft, default_shelf, free, open_backup, verify
from deploy.backups.steps import Bring, Compare, Finish, Save, Share, Source
from deploy.runtimes.base import Runtime
from deploy.runtimes.embedded import Embedded
from deploy.settings import Stack
from deploy.steps import Gate, Run, Step, Tell

_STAMP = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
"""One name for what a run makes on all its hosts."""


def save(stack: Stack, runtime: Runtime, *, to: object, keep: object) -> list[Step]:
    """The plan of a backup of one server."""
    if not isinstance(keep, int) or isinstance(keep, bool) or keep < 1:
        raise DeployError(f"keep: is {keep!r}; give the number of backups to keep, 1 or more")
    shelf = default_shelf() if to is None else Path(str(to)).expanduser().absolute()
    (place,) = _places(runtime)
    info, room = host.get_fact(InfoFact, place.cli), host.get_fact(RoomFact, place)
    _refuse("backed up", list(checks.saving(info, room, shelf=shelf, here=free(shelf))))
    draft = Draft(shelf, host.name, _STAMP)
    percentage = stack.redis.auto_aof_rewrite_percentage
    source = Source(place, info["redis_version"] if info else "", percentage)
    return [Save(source, draft), Finish(draft, (source.archive,), keep)]


def restore(
    stack: Stack, runtime: Runtime, *, from_: object, point_in_time: object, replace: object
) -> list[Step]:
    """The plan of putting a backup back."""
    try:
        folder, manifest = open_backup(str(from_))
        until = None if point_in_time is None else moment_of(point_in_time)
        for saved in manifest.nodes:
            verify(folder, saved)
    except (BackupError, ValueError) as error:
        raise DeployError(f"{error}\nnothing was changed") from None
    replacing = _yes("replace", replace)
    if len(state.inventory.get_active_hosts()) > 1:
        raise DeployError("several hosts: name the one to restore to, with --limit")
    (place,) = _places(runtime)
    _check(stack, place, manifest, until, replace=replacing)
    return _in_place(stack, runtime, place, folder, manifest, until, replacing=replacing)


def _check(
    stack: Stack, place: Place, manifest: Manifest, until: int | None, *, replace: bool
) -> None:
    info, room = host.get_fact(InfoFact, place.cli), host.get_fact(RoomFact, place)
    keys = host.get_fact(KeysFact, place)
    problems = [
        *checks.cutting(manifest.nodes, until),
        *checks.putting_back(manifest, info, room, keys, replace=replace, shares=1),
        *checks.capacity(manifest, stack.redis.maxmemory, 1),
    ]
    _refuse("restored to", problems)


def _in_place(
    stack: Stack, runtime: Runtime, place: Place, folder: Path, manifest: Manifest,
    until: int | None, *, replacing: bool,
) -> list[Step]:  # fmt: skip
    """The server's log becomes the backup's."""
    (saved,) = manifest.nodes
    share = Share(saved, folder / saved.archive, place, f"{place.data}/restore-{_STAMP}")
    aside = f"{place.data}/before-restore-{_STAMP}"
    seconds = stack.service.start_timeout_s
    return [
        Bring((share,), until),
        Run(f"stop {place.service}", place.stop(place.service)),
        Run(f"stop {place.unit}", place.stop(place.unit)),
        Run(f"put the log in place; the old one to {aside}", swap(place, share.folder, aside)),
        Run(f"start {place.unit}", place.start(place.unit)),
        Gate("Redis answers", place.cli.is_ready(), seconds),
        Compare(place, (saved.archive,), cluster=False, aside=aside),
        Run(f"start {place.service}", place.start(place.service)),
        Gate("the service is healthy", f"{runtime.command} status", seconds),
        Tell(f"what was there before is in {aside}; remove it when you don't need it"),
    ]


def _places(runtime: Runtime) -> list[Place]:
    if isinstance(runtime, Embedded):
        raise DeployError("runtime: 'embedded' is no server; it is 'native' or 'docker' here")
    return places_of(runtime)


def _refuse(what: str, problems: list[str]) -> None:
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise DeployError(f"{host.name} can't be {what}; nothing was changed\n{lines}")


def _yes(name: str, given: object) -> bool:
    answers = {"yes": True, "no": False, True: True, False: False}
    if not isinstance(given, str | bool) or given not in answers:
        raise DeployError(f"{name}: is {given!r}; say yes or no")
    return answers[given]
