"""The service as a background process: start it and wait until it is healthy; stop it."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import psutil

from thoughtstream.config import Settings
from thoughtstream.errors import RedisUnavailable
from thoughtstream.faces.cli import event_loop, exit_codes, output, web_child
from thoughtstream.faces.cli.foreground import service_lock
from thoughtstream.faces.web import place
from thoughtstream.home.embedded_redis import EmbeddedRedis
from thoughtstream.home.home import Home
from thoughtstream.home.process_lock import ProcessLock
from thoughtstream.store.connection import open_client

_STOP_S = 60.0
_SAY_S = 2.0
_POLL_S = 0.05
_WEB_S = 10.0


def start(settings: Settings, set_: list[str]) -> bool:
    """Start the service in the background unless it is running; returns whether it was. The web
    process has a moment to come up, too.

    Raises:
        Failed: it exited before it was healthy (the message is its last output), or Redis does not
            answer; no service is left running.
    """
    home = Home.at(settings.home)
    home.prepare()
    if service_lock(settings).is_held():
        return True
    begin = home.rotate(home.service_log)
    with _listening(home) as told:
        child = _spawn(home.service_log, set_, str(told.getsockname()))
        try:
            already = _is_another(child, told, settings, begin)
            wait_for_web(settings)
            return already
        except BaseException:  # Ctrl-C, too: what nobody waits for any more isn't left behind
            _end(child)
            raise


def _is_another(
    child: subprocess.Popen[bytes], told: socket.socket, settings: Settings, begin: int
) -> bool:
    """Wait until the service is healthy; True: another process had started one."""
    log = Home.at(settings.home).service_log
    waiting = Waiting(settings)
    while not _says_ready(told):
        code = child.poll()
        if code is None:
            waiting.go_on()
            continue
        if service_lock(settings).is_held():  # another process was a moment faster
            return True
        raise exit_codes.Failed(_tail(log, begin), code or exit_codes.FAILED)
    return False


def wait_for_web(settings: Settings) -> None:
    """The address of the page is known when its process listens; nobody waits for it for long."""
    until = time.monotonic() + _WEB_S
    while service_lock(settings).is_held() and web_child.is_wanted(settings):
        if place.address(settings) or time.monotonic() > until:
            return
        time.sleep(_POLL_S)


@contextmanager
def _listening(home: Home) -> Iterator[socket.socket]:
    """Where the service says that it is healthy; a path in TMPDIR may be too long for that."""
    path = home.socket.parent / f"up{token_hex(4)}"  # as long as redis.sock
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(path))
        try:
            told.settimeout(_POLL_S)
            yield told
        finally:
            path.unlink(missing_ok=True)


class Waiting:
    """Waiting for a service to be healthy; not for ever, if Redis doesn't answer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._began = self._said = time.monotonic()
        self._patience_s = settings.redis.timeout_s + settings.redis.patience_s

    def go_on(self) -> None:
        """Say from time to time what is waited for.

        Raises:
            Failed: Redis does not answer.
        """
        now = time.monotonic()
        if now - self._said < _SAY_S:
            return
        self._said = now
        fault = event_loop.run(_fault(self._settings))
        if fault is None:
            output.say_aside("waiting until the service is healthy")
        elif now - self._began < self._patience_s:
            output.say_aside(f"waiting: {fault}")
        else:
            raise exit_codes.Failed(
                f"{fault}; waited {now - self._began:.0f} s, and stopped it again"
            )


async def _fault(settings: Settings) -> RedisUnavailable | None:
    """Why Redis does not answer, unless it does. The embedded one is the service's to start."""
    if settings.redis.url is None:
        return None
    try:
        await (await open_client(settings.redis)).aclose()
    except RedisUnavailable as error:
        return error
    return None


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


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
