"""Backups on the control machine: whole or not there, and nothing of them damaged."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from pyinfra.api.exceptions import DeployError

from deploy.backups import checks, verbs
from deploy.backups.facts import Room
from deploy.backups.manifest import File, Held, Manifest, Saved, moment_of
from deploy.backups.repository import MANIFEST, BackupError, Draft, open_backup, verify

LOG = {"appendonly.aof.1.base.rdb": b"base", "appendonly.aof.manifest": b"manifest"}
MIB = 1 << 20


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(draft: Draft, archive: str = "redis.tar") -> None:
    """One server's part, as a run puts it in."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as tar:
        for name, content in LOG.items():
            member = tarfile.TarInfo(f"appendonlydir/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    with draft.open(archive) as file:
        file.write(memory.getvalue())
    draft.put(saved(archive, memory.getvalue()))


def saved(archive: str = "redis.tar", content: bytes = b"", **more: object) -> Saved:
    files = {name: File(bytes=len(text), sha256=sha256(text)) for name, text in LOG.items()}
    held = Held(keys=1, digest="0" * 64, memory=10 * MIB)
    given = {"redis": "8.0.2", "moment": 2000, "since": 1000} | more
    return Saved.model_validate(
        {"node": "redis", "role": "master", "archive": archive, "bytes": len(content),
         "sha256": sha256(content), "files": files, "held": held, **given}
    )  # fmt: skip


def make(repository: Path, stamp: str, *, keep: int = 7) -> Path:
    draft = Draft(repository, "mini", stamp)
    put(draft)
    draft.finish(["redis.tar"], cluster=False, keep=keep)
    return draft.whole


def test_a_backup_is_its_owners_alone_and_the_newest_is_found(tmp_path: Path) -> None:
    make(tmp_path, "2026-01-01")
    newest = make(tmp_path, "2026-01-02")

    folder, manifest = open_backup(str(tmp_path / "mini"))

    assert folder == newest
    assert manifest.held.keys == 1
    verify(folder, manifest.nodes[0])
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_half_made_backup_is_none_and_goes_with_the_next(tmp_path: Path) -> None:
    half = Draft(tmp_path, "mini", "2026-01-01")
    put(half)
    with pytest.raises(BackupError, match=r"other\.tar: was not saved"):
        half.finish(["redis.tar", "other.tar"], cluster=True, keep=1)
    with pytest.raises(BackupError, match="is no backup"):
        open_backup(str(tmp_path / "mini"))

    whole = make(tmp_path, "2026-01-02")

    assert [path.name for path in whole.parent.iterdir()] == ["2026-01-02"]


def test_only_so_many_are_kept(tmp_path: Path) -> None:
    for day in range(1, 6):
        whole = make(tmp_path, f"2026-01-0{day}", keep=2)
    assert sorted(path.name for path in whole.parent.iterdir()) == ["2026-01-04", "2026-01-05"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-512])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[512] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "said"),
    [(Path.unlink, "is missing"), (cut, "bytes and should have"), (flip, "sha256")],
)
def test_a_damaged_archive_is_refused(
    damage: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    folder = make(tmp_path, "2026-01-01")
    damage(folder / "redis.tar")
    with pytest.raises(BackupError, match=said) as error:
        verify(folder, open_backup(str(folder))[1].nodes[0])
    assert "take another" in str(error.value)


def test_a_damaged_file_inside_is_refused_whatever_the_archive_says(tmp_path: Path) -> None:
    folder = make(tmp_path, "2026-01-01")
    flip(folder / "redis.tar")
    content = (folder / "redis.tar").read_bytes()
    text = json.loads((folder / MANIFEST).read_text())
    text["nodes"][0]["sha256"] = sha256(content)
    (folder / MANIFEST).write_text(json.dumps(text))

    with pytest.raises(BackupError, match=r"base\.rdb: not as it was on the host"):
        verify(folder, open_backup(str(folder))[1].nodes[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Invalid JSON"),
        ("{}", "name: Field required"),
        ('{"name": "x", "made": "2026-01-01", "nodes": []}', "nodes: "),
        ('{"format": 2, "name": "x", "made": "2026-01-01", "nodes": []}', "format: "),
    ],
)
def test_a_wrong_manifest_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(BackupError, match=said):
        open_backup(str(tmp_path))


ROOM = Room(used=MIB, free=1000 * MIB, memory=1000 * MIB)
INFO = {"redis_version": "8.0.2", "aof_enabled": "1", "used_memory": str(10 * MIB)}


@pytest.mark.parametrize(
    ("info", "room", "here", "said"),
    [
        (INFO, ROOM, 1000 * MIB, None),
        (INFO, Room(), 1000 * MIB, None),
        (None, ROOM, 1000 * MIB, "redis: doesn't answer"),
        (INFO | {"aof_enabled": "0"}, ROOM, 1000 * MIB, "redis.appendonly: is off"),
        (INFO, Room(MIB, 1, MIB * 99), 1000 * MIB, "facts.disk.free: 1b"),
        (INFO, ROOM, 1, "to: /backups has 1b free, and the backup may need 1mb"),
        (INFO, Room(MIB, 99 * MIB, MIB), 1000 * MIB, "facts.memory: 1mb are free"),
    ],
)
def test_a_backup_that_would_fail_is_not_begun(
    info: dict[str, str] | None, room: Room, here: int, said: str | None
) -> None:
    problems = list(checks.saving(info, room, repository=Path("/backups"), here=here))
    assert (problems == []) if said is None else (len(problems) == 1 and said in problems[0])


@pytest.mark.parametrize(
    ("info", "keys", "replace", "room", "said"),
    [
        (INFO, 0, False, ROOM, None),
        (INFO, 5, True, ROOM, None),
        (INFO, 5, False, ROOM, "replace=yes"),
        (INFO, None, False, ROOM, "doesn't answer"),
        (INFO | {"redis_version": "7.0.15"}, 0, False, ROOM, "is 7.0.15, and the backup is of"),
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
    problems = list(checks.restoring(manifest, info, room, keys, replace=replace, shares=1))
    assert (problems == []) if said is None else (len(problems) == 1 and said in problems[0])


@pytest.mark.parametrize(
    ("until", "since", "said"),
    [
        (None, None, None),
        (1500, 1000, None),
        (999, 1000, "is before what the backup can show, from 1970-01-01T00:16:40Z"),
        (2001, 1000, "is after"),
        (1500, None, "has no timestamps"),
    ],
)
def test_a_log_is_cut_only_where_it_can_be(
    until: int | None, since: int | None, said: str | None
) -> None:
    problems = list(checks.cutting([saved(since=since), saved()], until))
    assert (problems == []) if said is None else (len(problems) == 1 and said in problems[0])


def test_masters_must_hold_it_all() -> None:
    nodes = [saved("a.tar"), saved("b.tar")]
    manifest = Manifest.model_validate({"name": "x", "made": "2026-01-01", "nodes": nodes})
    assert not list(checks.capacity(manifest, 10 * MIB, 2))
    assert "redis.maxmemory: 10mb for 1 master" in next(checks.capacity(manifest, 10 * MIB, 1))


def test_what_is_asked_for_in_other_words_is_refused() -> None:
    for keep in (0, "7", True):
        with pytest.raises(DeployError, match=r"keep: is .*; give the number of backups to keep"):
            verbs.destination(None, keep)
    with pytest.raises(DeployError, match="replace: is 'maybe'; say yes or no"):
        verbs.opened("anywhere", None, "maybe")
    with pytest.raises(DeployError, match=r"from_: /nowhere is no backup(?s:.*)nothing was chang"):
        verbs.opened("/nowhere", None, "no")


def test_moments() -> None:
    assert moment_of(1763732400) == 1763732400
    for text in ("2025-11-21T13:40:00Z", "2025-11-21T13:40:00", "2025-11-21T14:40:00+01:00"):
        assert moment_of(text) == 1763732400
    with pytest.raises(ValueError, match="point_in_time: 'noon' is no time; write it like"):
        moment_of("noon")
