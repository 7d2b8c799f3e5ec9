"""What a backup says of itself: `manifest.json`."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_WHOLE = 1 << 256


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class KeyspaceDigest(_Part):
    """What a server held, as `keyspace` counts it. Keys with a time to live are only counted."""

    keys: int
    passing: int = 0
    kinds: dict[str, int] = Field(default_factory=dict)
    digest: str
    libraries: tuple[str, ...] = ()
    memory: int = 0

    def differences(self, other: "KeyspaceDigest") -> list[str]:
        """Where another server holds something else."""
        found = []
        if self.keys != other.keys:
            found.append(f"keys: {self.keys} in the backup, {other.keys} on the server")
        for kind in sorted({*self.kinds, *other.kinds}):
            if self.kinds.get(kind, 0) != other.kinds.get(kind, 0):
                here, there = self.kinds.get(kind, 0), other.kinds.get(kind, 0)
                found.append(f"{kind}: {here} in the backup, {there} on the server")
        if not found and self.digest != other.digest:
            found.append(f"values: digest {self.digest[:12]} became {other.digest[:12]}")
        if missing := set(self.libraries) - set(other.libraries):
            found.append(f"libraries of functions: {len(missing)} are missing or other ones")
        return found


def combined(parts: list[KeyspaceDigest]) -> KeyspaceDigest:
    """What several servers hold, as if they were one."""
    kinds: dict[str, int] = {}
    for part in parts:
        for kind, count in part.kinds.items():
            kinds[kind] = kinds.get(kind, 0) + count
    return KeyspaceDigest(
        keys=sum(part.keys for part in parts),
        passing=sum(part.passing for part in parts),
        kinds=kinds,
        digest=f"{sum(int(part.digest, 16) for part in parts) % _WHOLE:064x}",
        libraries=tuple(sorted({name for part in parts for name in part.libraries})),
        memory=sum(part.memory for part in parts),
    )


class File(_Part):
    """One file of the log."""

    bytes: int
    sha256: str


class Saved(_Part):
    """One server's part of a backup. `moment` is when its log was frozen; `since`, the earliest
    point in time that its log can be cut at (both in unix seconds; None: it has no timestamps).
    `foreign`: a dump of another Redis; what it holds is known once it is loaded.
    `recipients`: whom its archive is encrypted to; `bytes` and `sha256` are of what was encrypted.
    """

    node: str
    role: Literal["master", "replica"]
    slots: tuple[tuple[int, int], ...] = ()
    redis: str
    moment: int
    since: int | None = None
    archive: str
    bytes: int
    sha256: str
    files: dict[str, File] = Field(min_length=2)
    held: KeyspaceDigest
    foreign: bool = False
    recipients: tuple[str, ...] = ()


class Manifest(_Part):
    """A whole backup."""

    format: Literal[1] = 1
    name: str
    made: datetime
    cluster: bool = False
    nodes: tuple[Saved, ...] = Field(min_length=1)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Whom it is encrypted to: any of them can open it. Nobody: it is not."""
        return tuple(dict.fromkeys(text for node in self.nodes for text in node.recipients))

    @property
    def moment(self) -> int:
        """From when its data is, unix seconds: the oldest part's."""
        return min(node.moment for node in self.nodes)

    @property
    def held(self) -> KeyspaceDigest:
        """What all of it holds."""
        return combined([node.held for node in self.nodes])
