"""What would make a backup or a restore fail is said before it begins; and where a log is cut."""

from pathlib import Path

import pytest

from deploy.backups import checks, point_in_time
from deploy.backups.facts import InstanceFacts, Room
from deploy.backups.manifest import Manifest
from deploy.backups.point_in_time import moment_of
from deploy.runtimes import runtime_of
from deploy.settings import stack

from .facts import DEBIAN
from .test_backup_repository import MIB, saved

ROOM = Room(used=MIB, free=1000 * MIB, memory=1000 * MIB)
INFO = {"redis_version": "8.0.2", "aof_enabled": "1", "used_memory": str(10 * MIB)}


@pytest.mark.parametrize(
    ("info", "room", "free", "said"),
    [
        (INFO, ROOM, 1000 * MIB, None),
        (INFO, Room(), 1000 * MIB, None),
        (None, ROOM, 1000 * MIB, "redis: doesn't answer"),
        (INFO | {"aof_enabled": "0"}, ROOM, 1000 * MIB, "redis.appendonly: is off"),
        (INFO, Room(MIB, 1, MIB * 99), 1000 * MIB, "facts.disk.free: 1b"),
        (INFO, ROOM, 1, "to: /backups has 1b free, and the backup may need 1mb"),
        (INFO, Room(MIB, 99 * MIB, MIB), 1000 * MIB, "facts.memory: 1mb is too little"),
    ],
)
def test_a_backup_that_would_fail_is_not_begun(
    info: dict[str, str] | None, room: Room, free: int, said: str | None
) -> None:
    problems = list(checks.saving(InstanceFacts(info, room), Path("/backups"), free=free))
    assert (problems == []) if said is None else (len(problems) == 1 and said in problems[0])


@pytest.mark.parametrize(
    ("info", "keys", "replace", "room", "said"),
    [
        (INFO, 0, False, ROOM, None),
        (INFO, 5, True, ROOM, None),
        (INFO, 5, False, ROOM, "replace=yes"),
        (INFO, None, False, ROOM, "doesn't answer"),
        (
            INFO | {"redis_version": "7.0.15"},
            0,
            False,
            ROOM,
            "is 7.0.15, which can't read a backup of 8.0.2",
        ),
        (INFO, 0, False, Room(0, 1, MIB * 99), "facts.disk.free"),
        (INFO, 0, False, Room(0, MIB, 1), "facts.memory"),
    ],
)
def test_a_restore_that_would_fail_is_not_begun(
    info: dict[str, str], keys: int | None, replace: bool, room: Room, said: str | None
) -> None:
    manifest = Manifest.model_validate(
        {"name": "x", "made": "2026-01-01", "nodes": [saved(content=b"x" * 100)]}
    )
    facts = InstanceFacts(info, room, keys)
    problems = list(checks.restoring(manifest, facts, replace=replace, shares=1))
    assert (problems == []) if said is None else (len(problems) == 1 and said in problems[0])


@pytest.mark.parametrize(
    ("until", "since", "said"),
    [
        (None, None, None),
        (1500, 1000, None),
        (999, 1000, "is before what this backup covers, from 1970-01-01T00:16:40Z"),
        (2001, 1000, "is after"),
        (1500, None, "has no timestamps"),
    ],
)
def test_a_log_is_cut_only_where_it_can_be(
    until: int | None, since: int | None, said: str | None
) -> None:
    problems = list(point_in_time.problems([saved(since=since), saved()], until))
    assert (problems == []) if said is None else (len(problems) == 1 and said in problems[0])


def test_masters_must_hold_it_all() -> None:
    nodes = [saved("a.tar"), saved("b.tar")]
    manifest = Manifest.model_validate({"name": "x", "made": "2026-01-01", "nodes": nodes})
    assert not list(checks.capacity(manifest, 10 * MIB, 2))
    assert "redis.maxmemory: 10mb on each of 1 master" in next(
        checks.capacity(manifest, 10 * MIB, 1)
    )


def test_moments() -> None:
    assert moment_of(1763732400) == 1763732400
    for text in ("2025-11-21T13:40:00Z", "2025-11-21T13:40:00", "2025-11-21T14:40:00+01:00"):
        assert moment_of(text) == 1763732400
    with pytest.raises(ValueError, match="point_in_time: 'noon' is not a time; write it like"):
        moment_of("noon")


def test_without_a_moment_a_log_is_checked_and_not_cut() -> None:
    (redis,) = runtime_of(stack(runtime="native"), DEBIAN).instances()

    cut = point_in_time.cut(redis, "/folder", 1500)
    assert "redis-check-aof --truncate-to-timestamp 1500 *.manifest" in cut
    checked = point_in_time.cut(redis, "/folder", None)
    assert "redis-check-aof" in checked and "truncate" not in checked
