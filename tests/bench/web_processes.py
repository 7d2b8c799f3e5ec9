"""Servers for benchmarks of the web process: each a process of its own, whose CPU time is known."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

from tests.servers import wait_until
from tests.web.served import Web
from thoughtstream.config import Settings
from thoughtstream.faces.web.place import address, owners_secret
from thoughtstream.home.home import Home

_START_S = 120
"""At most: the machine may have much else to do."""


@dataclass(frozen=True)
class Served:
    """A server process, and how it is asked."""

    process: psutil.Process
    web: Web

    def cpu_s(self) -> float:
        """The time that it has spent."""
        spent = self.process.cpu_times()
        return float(spent.user + spent.system)


@contextmanager
def web_process(settings: Settings) -> Iterator[Served]:
    """`thoughtstream web`."""
    Home.at(settings.home).prepare()
    secret = owners_secret(settings)
    own = {
        "THOUGHTSTREAM_HOME": str(settings.home),
        "THOUGHTSTREAM_WEB__PORT": "0",
        "THOUGHTSTREAM_WEB__REQUESTS_PER_S": "0",
        "THOUGHTSTREAM_WEB__THOUGHTS_PER_S": "0",
        "REDIS_URL": str(settings.redis.url),
    }
    command = [sys.executable, "-m", "thoughtstream.faces.cli", "web"]
    with started(command, os.environ | own) as process:
        wait_until(lambda: address(settings), "the web process listens", most_s=_START_S)
        port = int(str(address(settings)).rpartition(":")[2])
        yield Served(psutil.Process(process.pid), Web(settings, port, secret))


@contextmanager
def baseline(module: str, beside: Served, given: bytes = b"") -> Iterator[Served]:
    """A module that takes a port, asked as the one beside is."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with started([sys.executable, "-m", module, str(port)], os.environ, given) as process:
        wait_until(lambda: _listens(port), "the baseline listens", most_s=_START_S)
        yield Served(psutil.Process(process.pid), Web(beside.web.settings, port, beside.web.token))


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@contextmanager
def started(
    command: list[str], env: Mapping[str, str], given: bytes = b""
) -> Iterator[subprocess.Popen[bytes]]:
    """A process until the context ends. `given`: what it reads."""
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(given)
    process.stdin.close()
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:  # a baseline waits for its readers
            process.kill()
            process.wait()
