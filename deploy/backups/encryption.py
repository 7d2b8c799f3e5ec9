"""Archives that only the holders of some keys can read. What lies on the disk of this machine is
encrypted as it comes from a host, and decrypted as it goes back there.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO

from deploy import age


class EncryptionError(Exception):
    """An archive can't be encrypted or decrypted; the message says why."""


@contextmanager
def encrypted(file: BinaryIO, recipients: tuple[str, ...]) -> Iterator[IO[bytes]]:
    """What to write an archive to, so that it stands in a file encrypted; with nobody to encrypt it
    to, as it is.

    Raises:
        EncryptionError: it could not be written.
    """
    if not recipients:
        yield file
        return
    with _age("encrypt", recipients, stdin=subprocess.PIPE, stdout=file) as process:
        assert process.stdin is not None
        yield process.stdin


@contextmanager
def plain(path: Path, recipients: tuple[str, ...], identity: str | None) -> Iterator[IO[bytes]]:
    """What to read an archive from, as it was before it was encrypted to these.

    Raises:
        EncryptionError: the identity (what stands in a file of secret keys) doesn't open it.
    """
    with path.open("rb") as file:
        if not recipients:
            yield file
            return
        secret = {age.IDENTITY: identity or ""}
        with _age("decrypt", recipients, secret, stdin=file, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            yield process.stdout


@contextmanager
def _age(
    verb: str, recipients: tuple[str, ...], secret: dict[str, str] | None = None, **pipes: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    """The process that does it; what it says goes before the errors of who talks to it."""
    command = [sys.executable, "-P", str(Path(age.__file__)), verb, *recipients]
    environment = os.environ | (secret or {})
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, env=environment, stderr=said, **pipes) as process:
            failure: OSError | None = None
            try:
                yield process
            except OSError as error:
                failure = error
            finally:
                for pipe in (process.stdin, process.stdout):
                    with suppress(OSError):
                        if pipe:
                            pipe.close()
        said.seek(0)
        if process.returncode and (words := said.read().decode(errors="replace").strip()):
            raise EncryptionError(words) from failure
        if failure or process.returncode:
            raise failure or EncryptionError(f"age ended with {process.returncode}")
