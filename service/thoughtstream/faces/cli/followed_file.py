"""A log that somebody else rotates (newsyslog, logrotate), followed without a signal."""

import fcntl
import os
import stat
import sys
from contextlib import suppress
from typing import TextIO


class FollowedFile:
    """Standard error where it is a file: once that was moved away or deleted, what is written goes
    to a new one of the same name, with whatever else the process says there.
    """

    def __init__(self, stream: TextIO, path: str) -> None:
        self._stream = stream
        self._path = path

    def write(self, text: str) -> int:
        """Write to the file that has the name now."""
        self._follow()
        return self._stream.write(text)

    def flush(self) -> None:
        """As of any stream."""
        self._stream.flush()

    def _follow(self) -> None:
        open_now = os.fstat(self._stream.fileno())
        with suppress(FileNotFoundError):
            if os.path.samestat(os.stat(self._path), open_now):  # noqa: PTH116  (as os.fstat)
                return
        with suppress(OSError):  # then the old one takes it, too
            new = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            self._stream.flush()
            for output in (1, 2):
                if os.path.samestat(os.fstat(output), open_now):
                    os.dup2(new, output)
            os.close(new)


def followed_stderr() -> "TextIO | FollowedFile":
    """Standard error; followed, if it is a file with a name."""
    try:
        path = _path_of(sys.stderr.fileno())
    except OSError:  # no descriptor: something else stands in for it
        return sys.stderr
    return FollowedFile(sys.stderr, path) if path else sys.stderr


def _path_of(descriptor: int) -> str:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return ""
    if sys.platform == "darwin":
        return os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0"))
    return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115
