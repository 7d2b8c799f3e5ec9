"""The repository of backups on the control machine: `<to>/<name>/<time>/`, each whole or not there.

A backup is made in `.<time>.part` and gets its name when everything of it is written; nobody but
its owner can read any of it.
"""

import hashlib
import os
import shutil
import sys
import tarfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO

from platformdirs import user_data_path
from pydantic import ValidationError

from deploy.backups.encryption import EncryptionError, plain
from deploy.backups.manifest import Manifest, Saved

MANIFEST = "manifest.json"
_BLOCK = 1 << 20


class BackupError(Exception):
    """A backup can't be made, read or put back; the message says why and what to do."""


def default_repository() -> Path:
    """Where backups go if nobody says where; on macOS, where earlier versions put them."""
    repository = user_data_path("thoughtstream") / "backups"
    if sys.platform == "darwin" and not repository.exists():
        earlier = Path.home() / ".local/share/thoughtstream/backups"
        return earlier if earlier.exists() else repository
    return repository


class Draft:
    """A backup in the making. Whoever has a part of it puts it in; the last one finishes it."""

    def __init__(self, repository: Path, name: str, stamp: str) -> None:
        self.repository = repository
        self.folder = repository / name
        self.name = name
        self.whole = self.folder / stamp
        self._part = self.folder / f".{stamp}.part"

    def open(self, archive: str) -> AbstractContextManager[BinaryIO]:
        """A new file of the backup, to be written."""
        self._part.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _private(self._part / archive)

    def read(self, archive: str) -> Path:
        """A file of it, as far as it is written."""
        return self._part / archive

    def put(self, saved: Saved) -> None:
        """One server's part is complete: its archive is written, and holds this."""
        with _private(self._part / f"{saved.archive}.json") as file:
            file.write(saved.model_dump_json().encode())

    def finish(self, archives: list[str], *, cluster: bool) -> Manifest:
        """Gives the backup its name, and says what it holds.

        Raises:
            BackupError: a part is missing.
        """
        parts = [self._part / f"{archive}.json" for archive in archives]
        if missing := [part.stem for part in parts if not part.exists()]:
            raise BackupError(f"{', '.join(missing)}: was not saved; run it again")
        nodes = tuple(Saved.model_validate_json(part.read_bytes()) for part in parts)
        made = datetime.now(UTC).replace(microsecond=0)
        manifest = Manifest(name=self.name, made=made, cluster=cluster, nodes=nodes)
        with _private(self._part / MANIFEST) as file:
            file.write(manifest.model_dump_json(indent=2).encode())
        for part in parts:
            part.unlink()
        self._part.rename(self.whole)
        _sync(self.folder)
        return manifest

    def prune(self, keep: int) -> list[Path]:
        """Removes the older backups but for `keep`, and says which."""
        whole = sorted(path.parent for path in self.folder.glob(f"*/{MANIFEST}"))
        half = [path for path in self.folder.glob(".*.part") if path < self._part]
        old = [path for path in whole[:-keep] if path != self.whole]
        for path in [*half, *old]:
            shutil.rmtree(path)
        return old


@contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    """A file for its owner alone; on the disk when it is closed."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123  (of a descriptor)
        yield file
        file.flush()
        os.fsync(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_backup(given: str) -> tuple[Path, Manifest]:
    """A backup by its folder, or by the folder that holds several: then the newest.

    Raises:
        BackupError: there is none, or its manifest can't be read.
    """
    folder = Path(given).expanduser().absolute()
    try:
        folder = _newest(folder)
        return folder, Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise BackupError(f"from_: {folder}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "it"
        raise BackupError(f"{folder / MANIFEST}: {field}: {first['msg']}") from None


def _newest(folder: Path) -> Path:
    if (folder / MANIFEST).exists():
        return folder
    if whole := sorted(folder.glob(f"*/{MANIFEST}")):
        return whole[-1].parent
    raise BackupError(
        f"from_: {folder} is not a backup (it has no {MANIFEST}) and holds none; give the "
        "folder that deploy.backup named"
    )


def verify(folder: Path, saved: Saved, identity: str | None = None) -> None:
    """Reads an archive through: it is what the manifest says, file by file.

    Raises:
        BackupError: it is missing or damaged, or the identity does not open it.
    """
    path = folder / saved.archive
    cure = "the backup is damaged; take another one"
    if not path.exists():
        raise BackupError(f"{path}: is missing; {cure}")
    if (size := path.stat().st_size) != saved.bytes:
        raise BackupError(f"{path}: has {size} bytes, and should have {saved.bytes}; {cure}")
    if sha256(path) != saved.sha256:
        raise BackupError(f"{path}: its sha256 is not the manifest's; {cure}")
    if problem := contents(path, saved, identity):
        raise BackupError(f"{path}: {problem}; {cure}")


def sha256(path: Path) -> str:
    """Of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def contents(path: Path, saved: Saved, identity: str | None = None) -> str | None:
    """What is wrong with the files in an archive, or None.

    Raises:
        BackupError: the identity does not open it.
    """
    found: dict[str, str] = {}
    try:
        with plain(path, saved.recipients, identity) as stream:
            try:
                with tarfile.open(fileobj=stream, mode="r|") as archive:
                    for member in archive:
                        if file := archive.extractfile(member):
                            found[Path(member.name).name] = _sum(file)
            except tarfile.TarError as error:
                return f"is not an archive ({error})"
            finally:
                while stream.read(_BLOCK):
                    pass
    except EncryptionError as error:
        raise BackupError(str(error)) from None
    wanted = {name: file.sha256 for name, file in saved.files.items()}
    wrong = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
    return f"{', '.join(wrong)}: differs from the file on the host" if wrong else None


def _sum(file: IO[bytes]) -> str:
    sum_ = hashlib.sha256()
    while block := file.read(_BLOCK):
        sum_.update(block)
    return sum_.hexdigest()


def free(folder: Path) -> int:
    """Bytes free where a folder is, or will be."""
    return shutil.disk_usage(_nearest(folder)).free


def is_writable(folder: Path) -> bool:
    """Whether a folder can be written to, or made."""
    there = _nearest(folder)
    return _may(there, os.W_OK | os.X_OK) and there.is_dir()


def _nearest(folder: Path) -> Path:
    """The folder, or whichever above it is there, as far as we may see."""
    return next(each for each in (folder, *folder.parents) if _may(each, os.F_OK))


def _may(path: Path, what: int) -> bool:
    return os.access(path, what, effective_ids=True)
