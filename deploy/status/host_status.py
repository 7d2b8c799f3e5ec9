"""How one host is, in words that both the table and programs get. Pure."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Health = Literal["healthy", "unhealthy", "not deployed", "unreachable"]


@dataclass(frozen=True)
class HostStatus:
    """`redis`: the versions that run on the host; `release`: the service's, as installed;
    `problems`: why it isn't healthy; `newer`: what deploy.upgrade would bring, as far as the host
    knows; `images`: those of others that the host has, with their digests; `not_asked`: those whose
    registry gave no answer; `differs`: how many changes deploy.stack would make, None if that can't
    be told; `backup`: the newest on this machine, and whether it is encrypted; `certificate_ends`:
    the first of the host's to end. None: there is none.
    """

    host: str
    runtime: str
    health: Health
    redis: tuple[str, ...] = ()
    release: str | None = None
    problems: tuple[str, ...] = ()
    newer: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    not_asked: tuple[str, ...] = ()
    differs: int | None = None
    backup: datetime | None = None
    backup_encrypted: bool | None = None
    certificate_ends: datetime | None = None

    @property
    def is_well(self) -> bool:
        return self.health == "healthy"

    def to_json(self) -> dict[str, Any]:
        """For programs: times are ISO, in UTC."""
        found = asdict(self)
        for name in ("backup", "certificate_ends"):
            at: datetime | None = found[name]
            found[name] = at and at.astimezone(UTC).isoformat()
        return found
