"""Real services for tests: each a `thoughtstream up` process with a home of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.servers import wait_until

PROGRAM = [sys.executable, "-m", "thoughtstream.faces.cli", "up"]
_SETTINGS = ("THOUGHTSTREAM_", "REDIS_", "NOTIFY_SOCKET", "XDG_DATA_HOME")


class ServiceProcess:
    """One service process on somebody else's Redis. Its log is `service.log` in its home."""

    def __init__(self, url: str, home: Path, **settings: str) -> None:
        self.home = home
        self.log = home / "service.log"
        home.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        own = {f"THOUGHTSTREAM_{name}": value for name, value in settings.items()}
        self._env = kept | {"THOUGHTSTREAM_HOME": str(home), "REDIS_URL": url} | own
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> "ServiceProcess":
        """Start it; `wait_until_ready` waits."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                PROGRAM, env=self._env, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        return self

    def wait_until_ready(self) -> "ServiceProcess":
        wait_until(self._is_ready, "the service is ready")
        return self

    def _is_ready(self) -> bool:
        if self.ended() is not None:
            raise RuntimeError(self.log.read_text())
        return f"pid={self.pid}" in self.log.read_text()

    def ended(self) -> int | None:
        """The exit code, if it has ended by itself."""
        return self._process.poll() if self._process is not None else None

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(how)
        code = self._process.wait(30)
        self._process = None
        return code
