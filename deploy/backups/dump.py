"""A dump of another Redis (`dump.rdb`), as a backup: Redis reads a log that begins with one."""

import atexit
import hashlib
import shutil
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp
from typing import IO

from deploy.backups.append_only_file import LOG
from deploy.backups.manifest import File, KeyspaceDigest, Manifest, Saved
from deploy.backups.repository import BackupError, sha256

_BASE, _INCREMENT = "appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof"
_LIST = f"file {_BASE} seq 1 type b\nfile {_INCREMENT} seq 1 type i\n".encode()
_MANIFEST = "appendonly.aof.manifest"
_AUX = 0xFA


def as_backup(dump: Path) -> tuple[Path, Manifest]:
    """The folder of a backup that holds the dump, gone when this program ends; and its manifest.
    What the dump holds is only known to the server that loads it.

    Raises:
        BackupError: it is no dump, or only the beginning of one.
    """
    moment, redis, memory = _header(dump)
    folder = Path(mkdtemp(prefix="thoughtstream-dump-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    archive, rest = folder / "redis.tar", {_INCREMENT: b"", _MANIFEST: _LIST}
    with tarfile.open(archive, "w", dereference=True) as tar:
        tar.add(dump, f"{LOG}/{_BASE}")
        for name, text in rest.items():
            member = tarfile.TarInfo(f"{LOG}/{name}")
            member.size = len(text)
            tar.addfile(member, BytesIO(text))
    saved = Saved(
        node=dump.name,
        role="master",
        redis=redis,
        moment=moment,
        archive=archive.name,
        bytes=archive.stat().st_size,
        sha256=sha256(archive),
        files={
            _BASE: File(bytes=dump.stat().st_size, sha256=sha256(dump)),
            **{name: _file(text) for name, text in rest.items()},
        },
        held=KeyspaceDigest(keys=0, digest="0", memory=memory),
        foreign=True,
    )
    made = datetime.fromtimestamp(moment, UTC)
    return folder, Manifest(name=dump.name, made=made, nodes=(saved,))


def _file(text: bytes) -> File:
    return File(bytes=len(text), sha256=hashlib.sha256(text).hexdigest())


def _header(dump: Path) -> tuple[int, str, int]:
    """What a dump says at its beginning: when it was made, by which Redis, and how much memory its
    data took.
    """
    with dump.open("rb") as file:
        if file.read(5) != b"REDIS":
            raise BackupError(f"from_: {dump} is neither a backup nor a dump of Redis (dump.rdb)")
        file.read(4)
        try:
            told = dict(_told(file))
            made = int(told.get("ctime", dump.stat().st_mtime))
            return made, told.get("redis-ver", "0"), int(told.get("used-mem", 0))
        except (IndexError, ValueError):
            cut_off = "is damaged or cut off; take another one"
            raise BackupError(f"from_: {dump} {cut_off}") from None


def _told(file: IO[bytes]) -> Iterator[tuple[str, str]]:
    """Names and values. Raises: IndexError: the file ends there."""
    while file.read(1)[0] == _AUX:
        yield _text(file), _text(file)


def _text(file: IO[bytes]) -> str:
    """A short string, as a dump has it: a length and bytes, or a number."""
    first = file.read(1)[0]
    kind, rest = first >> 6, first & 0x3F
    if kind == 3:
        return str(int.from_bytes(file.read(1 << rest), "little", signed=True))
    length = rest if kind == 0 else (rest << 8) + file.read(1)[0]
    return file.read(length).decode(errors="replace")
