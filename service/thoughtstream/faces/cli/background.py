"""The service as a background process: start it and wait until it is healthy; stop it."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from thoughtstream.config import Settings
from thoughtstream.faces.cli import exit_codes
from thoughtstream.faces.cli.foreground import service_lock
from thoughtstream.home.embedded_redis import EmbeddedRedis
from thoughtstream.home.home import Home
from thoughtstream.home.process_lock import ProcessLock

_STOP_S = 60.0
_POLL_S = 0.05


def start(settings: Settings, set_: list[str]) -> bool:
    """Start the service in the background unless it is running; returns whether it was.

    Raises:
        Failed: it exited before it was healthy; the message is its last output.
    """
    home = Home.at(settings.home)
    home.prepare()
    if service_lock(settings).is_held():
        return True
    begin = home.rotate(home.service_log)
    with (
        tempfile.TemporaryDirectory(prefix="thoughtstream-") as directory,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told,
    ):
        address = f"{directory}/ready"
        told.bind(address)
        told.settimeout(_POLL_S)
        child = _spawn(home.service_log, set_, address)
        while not _says_ready(told):
            code = child.poll()
            if code is None:
                continue
            if service_lock(settings).is_held():  # another process was a moment faster
                return True
            raise exit_codes.Failed(_tail(home.service_log, begin), code or exit_codes.FAILED)
    return False


def _spawn(log: Path, set_: list[str], notify: str) -> subprocess.Popen[bytes]:
    options = [part for pair in set_ for part in ("--set", pair)]
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "thoughtstream.faces.cli", "up", *options],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env=os.environ | {"NOTIFY_SOCKET": notify},
        )


def _says_ready(told: socket.socket) -> bool:
    try:
        return told.recv(100) == b"READY=1"
    except TimeoutError:
        return False


def _tail(log: Path, begin: int) -> str:
    with log.open("rb") as file:
        file.seek(begin)
        lines = file.read().decode(errors="replace").strip().splitlines()
    said = "\n".join(lines[-5:]).removeprefix("error ")
    return said or f"the service exited at once; see {log}"


@dataclass(frozen=True)
class Stopped:
    """What was running and has been stopped."""

    service: bool
    redis: bool


def stop(settings: Settings) -> Stopped:
    """Stop the service of this home, then the embedded Redis if it is still running.

    Raises:
        Failed: the service does not stop.
    """
    lock = service_lock(settings)
    embedded = EmbeddedRedis(settings) if settings.redis.url is None else None
    had_redis = embedded is not None and embedded.process() is not None
    process = lock.process() if lock.is_held() else None
    if process is not None:
        process.send_signal(signal.SIGTERM)
        _wait_until_free(lock, process)
    if embedded is not None:
        asyncio.run(embedded.stop())
    return Stopped(service=process is not None, redis=had_redis)


def _wait_until_free(lock: ProcessLock, process: psutil.Process) -> None:
    deadline = time.monotonic() + _STOP_S
    while lock.is_held():
        if time.monotonic() > deadline:
            raise exit_codes.Failed(
                f"the service (process {process.pid}) did not stop within {_STOP_S:.0f} s; "
                f"see {lock.directory / 'service.log'}"
            )
        time.sleep(_POLL_S)
