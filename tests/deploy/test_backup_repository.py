"""Backups on the control machine: whole or not there, and nothing of them damaged."""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pyinfra.api.exceptions import DeployError

from deploy.age import new_identity
from deploy.backups import verbs
from deploy.backups.encryption import EncryptionError, encrypted
from deploy.backups.manifest import File, KeyspaceDigest, Saved
from deploy.backups.repository import MANIFEST, BackupError, Draft, open_backup, verify

LOG = {"appendonly.aof.1.base.rdb": b"base of the log", "appendonly.aof.manifest": b"manifest"}
MIB = 1 << 20


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(draft: Draft, archive: str = "redis.tar", recipients: tuple[str, ...] = ()) -> None:
    """One server's part, as a run puts it in."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as tar:
        for name, content in LOG.items():
            member = tarfile.TarInfo(f"appendonlydir/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    with draft.open(archive) as file, encrypted(file, recipients) as sink:
        sink.write(memory.getvalue())
    draft.put(saved(archive, draft.read(archive).read_bytes(), recipients=recipients))


def saved(archive: str = "redis.tar", content: bytes = b"", **more: object) -> Saved:
    files = {name: File(bytes=len(text), sha256=sha256(text)) for name, text in LOG.items()}
    held = KeyspaceDigest(keys=1, digest="0" * 64, memory=10 * MIB)
    given = {"redis": "8.0.2", "moment": 2000, "since": 1000} | more
    return Saved.model_validate(
        {"node": "redis", "role": "master", "archive": archive, "bytes": len(content),
         "sha256": sha256(content), "files": files, "held": held, **given}
    )  # fmt: skip


def make(repository: Path, stamp: str, *, keep: int = 7, recipients: tuple[str, ...] = ()) -> Path:
    draft = Draft(repository, "mini", stamp)
    put(draft, recipients=recipients)
    draft.finish(["redis.tar"], cluster=False)
    draft.prune(keep)
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
        half.finish(["redis.tar", "other.tar"], cluster=True)
    with pytest.raises(BackupError, match="is not a backup"):
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
    [(Path.unlink, "is missing"), (cut, "bytes, and should have"), (flip, "sha256")],
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

    with pytest.raises(BackupError, match=r"base\.rdb: differs from the file on the host"):
        verify(folder, open_backup(str(folder))[1].nodes[0])


def test_an_encrypted_backup_is_read_by_each_who_has_a_key_and_by_nobody_else(
    tmp_path: Path,
) -> None:
    pairs = [new_identity() for _ in range(3)]
    folder = make(tmp_path, "2026-01-01", recipients=tuple(own for _, own in pairs[:2]))
    plain = make(tmp_path, "2026-01-02")
    files = [tmp_path / f"key{number}.txt" for number in range(3)]
    for file, (secret, _) in zip(files, pairs, strict=True):
        file.write_text(f"# created: today\n{secret}\n")

    assert b"base of the log" in (plain / "redis.tar").read_bytes()
    assert b"base of the log" not in (folder / "redis.tar").read_bytes()
    for file in files[:2]:
        read = verbs.read_through(folder, None, "no", "now", file)
        assert pairs[0][0] not in repr(read) and pairs[1][0] not in repr(read)
    assert verbs.read_through(plain, None, "no", "now", files[2]).manifest.recipients == ()

    to = ", ".join(own for _, own in pairs[:2])
    wrong = rf"identity: does not open .* encrypted to {to} .*(?s:.*)nothing was changed"
    with pytest.raises(DeployError, match=wrong):
        verbs.read_through(folder, None, "no", "now", files[2])
    with pytest.raises(
        DeployError, match=f"identity: is missing, .* encrypted to {to}; give ident"
    ):
        verbs.read_through(folder, None, "no", "now")
    flip(folder / "redis.tar")
    with pytest.raises(DeployError, match=r"sha256 .* the backup is damaged"):
        verbs.read_through(folder, None, "no", "now", files[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ("", "has no secret key of age; name"),
        ("age1w7wnnfqtq2apw5qcxml2usax7vs60h46htxguxthfruqyzdvqpasuu0wxx", "has no secret key of"),
        ("-----BEGIN AGE ENCRYPTED FILE-----\nx\n", "has no secret key of age"),
    ],
)
def test_an_identity_that_is_none_is_refused(text: str | None, said: str, tmp_path: Path) -> None:
    folder = make(tmp_path, "2026-01-01", recipients=(new_identity()[1],))
    if text is not None:
        (tmp_path / "key.txt").write_text(text)

    with pytest.raises(DeployError, match=rf"identity: .*key\.txt: {said}"):
        verbs.read_through(folder, None, "no", "now", tmp_path / "key.txt")


def test_a_full_disk_is_said_by_who_encrypts() -> None:
    with (
        pytest.raises(EncryptionError, match=r"^OSError: .*No space left"),
        Path("/dev/full").open("wb") as full,
        encrypted(full, (new_identity()[1],)) as sink,
    ):
        sink.write(b"x" * MIB)


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


def test_a_manifest_that_cant_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).mkdir()

    with pytest.raises(BackupError, match=r"from_: .*: Is a directory"):
        open_backup(str(tmp_path))


def test_what_is_asked_for_in_other_words_is_refused() -> None:
    for keep in (0, "7", True):
        with pytest.raises(DeployError, match=r"keep: is .*; give the number of backups to keep"):
            verbs.destination(None, keep)
    with pytest.raises(DeployError, match="replace: is 'maybe'; say yes or no"):
        verbs.read_through("anywhere", None, "maybe", "now")
    with pytest.raises(DeployError, match=r"from_: /nowhere is not a(?s:.*)nothing was chang"):
        verbs.read_through("/nowhere", None, "no", "now")


def test_a_folder_that_nothing_can_be_written_to_is_refused() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "file").touch()
        (folder / "closed").mkdir(0o000)
        wrong = [folder / part for part in ("file", "file/new", "closed", "closed/new/backups")]
        user = os.geteuid()
        if user == 0:  # who may do all
            os.seteuid(65_534)
        try:
            for to in wrong:
                with pytest.raises(DeployError, match=rf"to: {to} is not a directory that you can"):
                    verbs.destination(to, 7)
                with pytest.raises(BackupError, match=rf"from_: {to}"):
                    open_backup(str(to))
        finally:
            os.seteuid(user)
        assert verbs.destination(folder / "new/backups", 7) == (folder / "new/backups", 7)
