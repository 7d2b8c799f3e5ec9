"""What a backup or a restore must know of a server and its host."""

import json
from dataclasses import dataclass

from deploy.backups.places import Place
from deploy.backups.scripts import room
from deploy.commands import RedisCli
from deploy.facts.base import ScriptFact, kibibytes, pairs, script


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
    """How many keys a server holds, up to some hundreds; those by which services tell that they
    are alive don't count. None if it can't be told.
    """

    def command(self, place: Place) -> str:
        return script(place.program("keys", *place.server(), server=True))

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
    """How much there is, and how much more there could be."""

    def command(self, place: Place) -> str:
        memory = "awk '/^MemAvailable/ {print \"memory=\" $2}' /proc/meminfo"
        return script(room(place), memory)

    def process(self, output: list[str]) -> Room:
        found = pairs(output)
        return Room(*(kibibytes(found.get(name)) for name in ("used", "free", "memory")))

    @staticmethod
    def default() -> Room:
        return Room()
