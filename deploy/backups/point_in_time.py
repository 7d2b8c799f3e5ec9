"""The point-in-time cut: a backup put back as it was at a moment, by cutting its log there."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from deploy.backups.append_only_file import check
from deploy.backups.manifest import Saved
from deploy.runtimes.instances import Instance


def moment_of(given: object) -> int:
    """Unix seconds of `2026-11-21T13:40:00Z` (without a zone: UTC), or of themselves.

    Raises:
        ValueError: it is no moment.
    """
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    try:
        moment = datetime.fromisoformat(str(given))
    except ValueError:
        raise ValueError(
            f"point_in_time: {given!r} is not a time; write it like 2026-11-21T13:40:00Z, or in "
            "unix seconds"
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def iso(moment: int) -> str:
    """A moment as people read it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def problems(nodes: Sequence[Saved], until: int | None) -> Iterator[str]:
    """Why not every log can be cut at a moment."""
    if until is None:
        return
    if without := [saved.node for saved in nodes if saved.since is None]:
        yield (
            f"point_in_time: the log of {', '.join(without)} has no timestamps; "
            "redis.aof_timestamp_enabled must be on when the backup is taken"
        )
        return
    first = max(saved.since or 0 for saved in nodes)
    last = min(saved.moment for saved in nodes)
    if not first <= until <= last:
        where = "before" if until < first else "after"
        yield (
            f"point_in_time: {iso(until)} is {where} what this backup covers, from {iso(first)} "
            f"(the last rewrite of the log) to {iso(last)}; choose a moment in between, or another "
            "backup"
        )


def cut(instance: Instance, folder: str, until: int | None) -> str:
    """Cuts an unpacked log after a moment; without one, only checks it as Redis does."""
    return check(instance, folder, "" if until is None else f"--truncate-to-timestamp {until}")
