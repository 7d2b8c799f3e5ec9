"""Why a server can't be saved, or a backup not put back where somebody wants it. Pure."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.backups.facts import Room
from deploy.backups.manifest import Manifest, Saved, iso
from deploy.quantities import about
from deploy.versions import numbers

Info = dict[str, str] | None
SILENT = "redis: doesn't answer its admin; run deploy.stack first"


def saving(info: Info, room: Room, *, repository: Path, here: int) -> Iterator[str]:
    """Problems of saving a server; `here`: bytes free on the repository."""
    if info is None:
        yield SILENT
        return
    if info.get("aof_enabled") != "1":
        yield "redis.appendonly: is off on the server; run deploy.stack"
    used = room.used or 0
    yield from _disk(room, used, "the log that is set aside")
    if here < used:
        yield (
            f"to: {repository} has {about(here)} free, and the backup may need {about(used)}; "
            "choose another directory"
        )
    yield from _memory(room, int(info.get("used_memory", 0)))


def restoring(
    manifest: Manifest, info: Info, room: Room, keys: int | None, *, replace: bool, shares: int
) -> Iterator[str]:
    """Problems of one server that gets a backup, or a part of one: `shares` parts pass by it."""
    if info is None or keys is None:
        yield SILENT
        return
    newest = max(manifest.nodes, key=lambda saved: numbers(saved.redis)).redis
    if numbers(newest)[:2] > numbers(info["redis_version"])[:2]:
        yield (
            f"redis: is {info['redis_version']}, and the backup is of {newest}, which it can't "
            "read; restore to that version or a newer one"
        )
    if keys and not replace:
        yield (
            "redis: holds keys already; restore to an empty server, or say replace=yes, which "
            "sets aside what is there"
        )
    parts = sorted(manifest.nodes, key=lambda saved: saved.bytes)[-shares:] if shares else []
    log = sum(saved.bytes for saved in parts) + (room.used or 0 if replace else 0)
    yield from _disk(room, 2 * log, "the restored log")
    yield from _memory(room, max((saved.held.memory for saved in parts), default=0))


def capacity(manifest: Manifest, maxmemory: int, servers: int) -> Iterator[str]:
    """Whether masters with so much memory each can hold a backup."""
    needed = manifest.held.memory
    if maxmemory and needed > maxmemory * servers:
        yield (
            f"redis.maxmemory: {about(maxmemory)} for {servers} master(s), and the backup needs "
            f"{about(needed)}; raise it, and run deploy.stack"
        )


def cutting(nodes: Sequence[Saved], until: int | None) -> Iterator[str]:
    """Whether every log can be cut at a moment."""
    if until is None:
        return
    if without := [saved.node for saved in nodes if saved.since is None]:
        yield (
            f"point_in_time: the log of {', '.join(without)} has no timestamps; it takes "
            "redis.aof_timestamp_enabled before the backup"
        )
        return
    first = max(saved.since or 0 for saved in nodes)
    last = min(saved.moment for saved in nodes)
    if not first <= until <= last:
        where = "before" if until < first else "after"
        yield (
            f"point_in_time: {iso(until)} is {where} what the backup can show, from {iso(first)} "
            f"(the last rewrite of the log) to {iso(last)}; choose a moment between, or another "
            "backup"
        )


def _disk(room: Room, needed: int, what: str) -> Iterator[str]:
    if room.free is not None and room.free < needed:
        yield (
            f"facts.disk.free: {about(room.free)}, and {what} may need {about(needed)}; make room "
            "on the host"
        )


def _memory(room: Room, needed: int) -> Iterator[str]:
    if room.memory is not None and room.memory < needed:
        yield (
            f"facts.memory: {about(room.memory)} are free, and the server that tries a backup "
            f"needs {about(needed)}; stop something else on the host, or give it more memory"
        )
