"""Real services for tests: `thoughtstream up` processes with homes of their own, or in this one."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.servers import wait_until
from thoughtstream import service
from thoughtstream.config import Settings

PROGRAM = [sys.executable, "-m", "thoughtstream.faces.cli", "up"]
UNWATCHED = {"THOUGHTSTREAM_WEB__ENABLED": "false", "THOUGHTSTREAM_METRICS__PORT": "0"}
"""For a service that nobody watches: a web process beside it takes a second of CPU to start, and
many services at once would quarrel for one port of metrics.
"""

_SETTINGS = ("THOUGHTSTREAM_", "REDIS_", "NOTIFY_SOCKET", "XDG_DATA_HOME")


class ServiceProcess:
    """One service process on somebody else's Redis. Its log is `service.log` in its home."""

    def __init__(self, url: str, home: Path, **settings: str) -> None:
        self.home = home
        self.log = home / "service.log"
        home.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        settings = {"METRICS__PORT": "0"} | settings
        own = {f"THOUGHTSTREAM_{name}": value for name, value in settings.items()}
        at = {"THOUGHTSTREAM_HOME": str(home), "REDIS_URL": url}
        self._env = kept | UNWATCHED | at | own
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

    def wait_until_ready(self, most_s: float = 30) -> "ServiceProcess":
        wait_until(self._is_ready, "the service is ready", most_s=most_s)
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


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[asyncio.Task[None]]:
    """A service in this process, ready; at the end it is stopped as SIGTERM does."""
    ready = asyncio.Event()
    assert settings.redis.url is not None
    task = asyncio.create_task(service.run(settings, settings.redis.url, on_ready=ready.set))
    started = asyncio.create_task(ready.wait())
    await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], Any], most_s: float = 20) -> None:
    """Wait for a condition that awaits something, never for a time."""
    async with asyncio.timeout(most_s):
        while not await condition():  # noqa: ASYNC110  # Redis has no event for it
            await asyncio.sleep(0.01)
