"""What a backup or a restore must know of a server and its host."""

import json
from dataclasses import dataclass, field

from deploy.backups.append_only_file import room
from deploy.backups.scratch_server import PROGRAM
from deploy.commands import RedisCli
from deploy.facts.base import ScriptFact, kibibytes, pairs, script
from deploy.facts.gather import Reader
from deploy.runtimes.instances import Instance


class InfoFact(ScriptFact[dict[str, str] | None]):
    """INFO of a server, by name; None if it doesn't answer its admin."""

    def command(self, cli: RedisCli) -> str:
        return script(cli("info"))

    def process(self, output: list[str]) -> dict[str, str] | None:
        lines = (line.strip().partition(":") for line in output if not line.startswith("#"))
        found = {name: value for name, colon, value in lines if colon}
        return found if "redis_version" in found else None

    @staticmethod
    def default() -> dict[str, str] | None:
        return None


class KeysFact(ScriptFact[int | None]):
    """How many keys a server holds, up to some hundreds, without those of the services' leases.
    None if it can't be told.
    """

    def command(self, instance: Instance) -> str:
        return script(instance.python(PROGRAM, "keys", *instance.endpoint(), server=True))

    def process(self, output: list[str]) -> int | None:
        found: int = json.loads(output[-1])["keys"]
        return found

    @staticmethod
    def default() -> int | None:
        return None


@dataclass(frozen=True)
class Room:
    """Bytes: of the log, free on its disk, and of memory that the host could still use."""

    used: int | None = None
    free: int | None = None
    memory: int | None = None


class RoomFact(ScriptFact[Room]):
    """Reads them."""

    def command(self, instance: Instance) -> str:
        memory = "awk '/^MemAvailable/ {print \"memory=\" $2}' /proc/meminfo"
        return script(room(instance), memory)

    def process(self, output: list[str]) -> Room:
        found = pairs(output)
        return Room(*(kibibytes(found.get(name)) for name in ("used", "free", "memory")))

    @staticmethod
    def default() -> Room:
        return Room()


@dataclass(frozen=True)
class InstanceFacts:
    """A server as it is now; `keys` only where a restore asks for it."""

    info: dict[str, str] | None = None
    room: Room = field(default_factory=Room)
    keys: int | None = None


def read(fact: Reader, instance: Instance, *, keys: bool = False) -> InstanceFacts:
    """Reads a server of the host that `fact` reads."""
    return InstanceFacts(
        fact(InfoFact, instance.cli),
        fact(RoomFact, instance),
        fact(KeysFact, instance) if keys else None,
    )
