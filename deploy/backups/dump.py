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
_AUX = b"\xfa"


def as_backup(dump: Path) -> tuple[Path, Manifest]:
    """The folder of a backup that holds the dump, gone when this program ends; and its manifest.
    What the dump holds is only known to the server that loads it.

    Raises:
        BackupError: it is no dump.
    """
    with dump.open("rb") as file:
        if file.read(5) != b"REDIS":
            raise BackupError(f"from_: {dump} is neither a backup nor a dump of Redis (dump.rdb)")
        file.read(4)
        about = dict(_about(file))
    folder = Path(mkdtemp(prefix="thoughtstream-dump-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    archive, rest = folder / "redis.tar", ((_INCREMENT, b""), (_MANIFEST, _LIST))
    with tarfile.open(archive, "w") as tar:
        tar.add(dump, f"{LOG}/{_BASE}")
        for name, text in rest:
            member = tarfile.TarInfo(f"{LOG}/{name}")
            member.size = len(text)
            tar.addfile(member, BytesIO(text))
    made = int(about.get("ctime", dump.stat().st_mtime))
    saved = Saved(
        node=dump.name,
        role="master",
        redis=about.get("redis-ver", "0"),
        moment=made,
        archive=archive.name,
        bytes=archive.stat().st_size,
        sha256=sha256(archive),
        files={
            _BASE: File(bytes=dump.stat().st_size, sha256=sha256(dump)),
            **{
                name: File(bytes=len(text), sha256=hashlib.sha256(text).hexdigest())
                for name, text in rest
            },
        },
        held=KeyspaceDigest(keys=0, digest="0", memory=int(about.get("used-mem", 0))),
        foreign=True,
    )
    return folder, Manifest(name=dump.name, made=datetime.fromtimestamp(made, UTC), nodes=(saved,))


def _file(text: bytes) -> File:
    return File(bytes=len(text), sha256=hashlib.sha256(text).hexdigest())


def _about(file: IO[bytes]) -> Iterator[tuple[str, str]]:
    """What a dump says of itself at its beginning."""
    while file.read(1) == _AUX:
        yield _text(file), _text(file)


def _text(file: IO[bytes]) -> str:
    """A short string, as a dump has it: a length and bytes, or a number."""
    first = file.read(1)[0]
    kind, rest = first >> 6, first & 0x3F
    if kind == 3:
        return str(int.from_bytes(file.read(1 << rest), "little", signed=True))
    length = rest if kind == 0 else (rest << 8) + file.read(1)[0]
    return file.read(length).decode(errors="replace")
