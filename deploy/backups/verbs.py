"""`deploy.backup` and `deploy.restore`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pyinfra.api.exceptions import DeployError
from pyinfra.context import host

from deploy.backups import operations  # noqa: F401  (it registers)
from deploy.backups.facts import InfoFact, Room, RoomFact
from deploy.backups.places import Place, container_place, native_place
from deploy.backups.shelf import Draft, default_shelf, free
from deploy.backups.steps import Finish, Save, Source
from deploy.quantities import about
from deploy.runtimes.base import Runtime
from deploy.runtimes.darwin import DarwinNative
from deploy.runtimes.docker import Docker
from deploy.runtimes.native import Native
from deploy.settings import Stack
from deploy.steps import Step

_STAMP = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
"""One name for what a run makes on all its hosts."""


def save(stack: Stack, runtime: Runtime, *, to: object, keep: object) -> list[Step]:
    """The plan of a backup of one server."""
    if not isinstance(keep, int) or isinstance(keep, bool) or keep < 1:
        raise DeployError(f"keep: is {keep!r}; give the number of backups to keep, 1 or more")
    shelf = default_shelf() if to is None else Path(str(to)).expanduser().absolute()
    place = place_of(runtime)
    info, room = host.get_fact(InfoFact, place.cli), host.get_fact(RoomFact, place)
    refuse("backed up", list(_problems(info, room, shelf)))
    assert info is not None
    draft = Draft(shelf, host.name, _STAMP)
    source = Source(
        node="redis",
        place=place,
        redis=info["redis_version"],
        percentage=stack.redis.auto_aof_rewrite_percentage,
    )
    return [Save(source, draft), Finish(draft, (source.archive,), keep)]


def place_of(runtime: Runtime) -> Place:
    """Where a runtime keeps its server's data."""
    if isinstance(runtime, Docker):
        return container_place(runtime.cli)
    if isinstance(runtime, Native):
        return native_place(runtime.cli, mac=isinstance(runtime, DarwinNative))
    raise DeployError("runtime: 'embedded' has no backup of its own yet")


def refuse(what: str, problems: list[str]) -> None:
    """Ends the run where there are problems."""
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise DeployError(f"{host.name} can't be {what}; nothing was changed\n{lines}")


def _problems(info: dict[str, str] | None, room: Room, shelf: Path) -> Iterator[str]:
    if info is None:
        yield "redis: doesn't answer its admin; run deploy.stack first"
        return
    if info.get("aof_enabled") != "1":
        yield "redis.appendonly: is off on the server; run deploy.stack"
    used = room.used or 0
    if room.free is not None and room.free < used:
        yield (
            f"facts.disk.free: {about(room.free)}, and the log that is set aside may need "
            f"{about(used)}; make room on the host"
        )
    if (here := free(shelf)) < used:
        yield f"to: {shelf} has {about(here)} free and needs {about(used)}; choose another place"
    data = int(info.get("used_memory_dataset", 0))
    if room.memory is not None and room.memory < data:
        yield (
            f"facts.memory: {about(room.memory)} are free, and a server that tries the backup "
            f"needs {about(data)}; stop something else on the host, or give it more memory"
        )
