"""Why a server can't be backed up, or restored to. Pure."""

from collections.abc import Iterator
from pathlib import Path

from deploy.backups.facts import InstanceFacts, Room
from deploy.backups.manifest import Manifest
from deploy.quantities import about
from deploy.versions import numbers

SILENT = "redis: doesn't answer its admin; run deploy.stack first"


def saving(facts: InstanceFacts, repository: Path, *, free: int) -> Iterator[str]:
    """Problems of saving a server; `free`: bytes where the repository is."""
    info, room = facts.info, facts.room
    if info is None:
        yield SILENT
        return
    if info.get("aof_enabled") != "1":
        yield "redis.appendonly: is off in the running server; run deploy.stack"
    used = room.used or 0
    yield from _disk(room, used, "the copy of the log")
    if free < used:
        yield (
            f"to: {repository} has {about(free)} free, and the backup may need {about(used)}; "
            "choose another directory"
        )
    yield from _memory(room, int(info.get("used_memory", 0)))


def restoring(
    manifest: Manifest, facts: InstanceFacts, *, replace: bool, shares: int
) -> Iterator[str]:
    """Problems of a server that gets a backup, or through which `shares` parts of one go."""
    info, room = facts.info, facts.room
    if info is None or facts.keys is None:
        yield SILENT
        return
    newest = max(manifest.nodes, key=lambda saved: numbers(saved.redis)).redis
    if numbers(newest)[:2] > numbers(info["redis_version"])[:2]:
        yield (
            f"redis: is {info['redis_version']}, which can't read a backup of {newest}; restore to "
            "that version or a newer one"
        )
    if facts.keys and not replace:
        yield (
            "redis: holds keys already; restore to an empty server, or say replace=yes, which "
            "keeps a copy of what is there"
        )
    parts = sorted(manifest.nodes, key=lambda saved: saved.bytes)[-shares:] if shares else []
    log = sum(saved.bytes for saved in parts) + (room.used or 0 if replace else 0)
    yield from _disk(room, 2 * log, "the restored log")
    yield from _memory(room, max((saved.held.memory for saved in parts), default=0))


def capacity(manifest: Manifest, maxmemory: int, servers: int) -> Iterator[str]:
    """Why masters with so much memory each can't hold a backup."""
    needed = manifest.held.memory
    if maxmemory and needed > maxmemory * servers:
        yield (
            f"redis.maxmemory: {about(maxmemory)} on each of {servers} master(s) is less than the "
            f"{about(needed)} of the backup; raise it, and run deploy.stack"
        )


def _disk(room: Room, needed: int, what: str) -> Iterator[str]:
    if room.free is not None and room.free < needed:
        yield (
            f"facts.disk.free: {about(room.free)} is too little: {what} may need {about(needed)}; "
            "make room on the host"
        )


def _memory(room: Room, needed: int) -> Iterator[str]:
    if room.memory is not None and room.memory < needed:
        yield (
            f"facts.memory: {about(room.memory)} is too little: the scratch server that verifies "
            f"the backup needs {about(needed)}; stop something else on the host, or give it more"
        )
