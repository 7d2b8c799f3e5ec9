"""The home: a person's own mind in a private directory, and the paths in it."""

import hashlib
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from thoughtstream.config import ConfigError
from thoughtstream.errors import ThoughtstreamError

SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107
"""The longest path of a unix socket (sun_path, without its NUL)."""

_MIN_FREE_BYTES = 16 * 1024 * 1024
_LOG_BYTES = 10 * 1024 * 1024


class HomeError(ThoughtstreamError):
    """The home cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Home:
    """The paths of one home."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> "Home":
        """The home at a path as a person gives it (`~`, relative).

        Raises:
            ConfigError: it is in the home directory of a user who has none.
        """
        try:
            return cls(path.expanduser().absolute())
        except RuntimeError:
            raise ConfigError(
                f"home: {path}: this user has no home directory; set THOUGHTSTREAM_HOME to a "
                "directory of your own"
            ) from None

    @property
    def conf(self) -> Path:
        """The configuration of the embedded Redis."""
        return self.path / "redis.conf"

    @property
    def data(self) -> Path:
        """Where the embedded Redis keeps its append-only file."""
        return self.path / "redis"

    @property
    def redis_log(self) -> Path:
        """The log of the embedded Redis."""
        return self.path / "redis.log"

    @property
    def service_log(self) -> Path:
        """The log of a service in the background."""
        return self.path / "service.log"

    @property
    def socket(self) -> Path:
        """Where the embedded Redis listens.

        In the home; where that path would be too long for a socket, in a private directory in
        /tmp under a name that follows from the home (never from an environment variable, so that
        a login shell and a background job agree).
        """
        own = self.path / "redis.sock"
        if len(os.fsencode(own)) <= SOCKET_PATH_BYTES:
            return own
        name = hashlib.sha256(os.fsencode(self.path.resolve())).hexdigest()[:16]
        return Path(f"/tmp/thoughtstream-{os.geteuid()}") / f"{name}.sock"

    def prepare(self) -> None:
        """Create the home and its directories, readable by nobody else.

        Raises:
            HomeError: it cannot be written, belongs to another user, or its disk is full.
        """
        for directory in (self.path, self.data, self.socket.parent):
            _make_private(directory)
        free = shutil.disk_usage(self.path).free
        if free < _MIN_FREE_BYTES:
            raise HomeError(
                f"home: the disk of {self.path} is full ({free // 1024} KB free, "
                f"{_MIN_FREE_BYTES // 1024} KB needed); free some space, or set THOUGHTSTREAM_HOME"
            )

    @staticmethod
    def rotate(log: Path) -> int:
        """Rotate a log that has grown long; returns the offset of the next line."""
        size = log.stat().st_size if log.exists() else 0
        if size < _LOG_BYTES:
            return size
        log.replace(log.with_suffix(".log.1"))
        return 0


def url_of(home: Path) -> str:
    """The address of a home's embedded Redis, running or not."""
    return f"unix://{quote(str(Home.at(home).socket))}"


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically by one that nobody else can read, also with concurrent writers.

    Raises:
        OSError: it cannot be written; the old file is still there.
    """
    descriptor, draft = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        Path(draft).replace(path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise


def _make_private(directory: Path) -> None:
    cure = "make it writable by you, or set THOUGHTSTREAM_HOME to another directory"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
        if status.st_uid == os.geteuid() and status.st_mode & 0o077:
            directory.chmod(0o700)
    except OSError as error:
        raise HomeError(f"home: {directory}: {error.strerror}; {cure}") from None
    if status.st_uid != os.geteuid():
        raise HomeError(
            f"home: {directory} belongs to user {status.st_uid}, and you are user {os.geteuid()}; "
            "run as its owner, or set THOUGHTSTREAM_HOME to a directory of your own"
        )
    if not os.access(directory, os.W_OK | os.X_OK):
        raise HomeError(f"home: {directory} is not writable; {cure}")
