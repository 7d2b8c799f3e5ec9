"""The workers of one run: processes that take evaluations, killed now and then on purpose."""

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable, Sequence

LEASE_S = 2
"""What a killed worker had is free again after so long."""

_PATIENCE_S = 10.0


class Workers:
    """So many processes of one command, for as long as the context lasts. They end when their
    standard input does, so none outlives this process.
    """

    def __init__(self, command: Sequence[str], count: int) -> None:
        self._command = command
        self._count = count
        self._running: list[subprocess.Popen[bytes]] = []

    async def __aenter__(self) -> "Workers":
        for _ in range(self._count):
            self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for one in self._running:
            one.terminate()
        ended = [asyncio.to_thread(_end, one) for one in self._running]
        await asyncio.gather(*ended)

    @property
    def pids(self) -> list[int]:
        """Of those that are there, the oldest first."""
        return [one.pid for one in self._running if one.poll() is None]

    async def kill_every(self, seconds: float, told: Callable[[], Awaitable[object]]) -> None:
        """Kill the oldest again and again (SIGKILL), and start another in its place; `told` is
        awaited each time. Runs until cancelled.
        """
        while True:
            await asyncio.sleep(seconds)
            await self.kill_one()
            await told()

    async def kill_one(self) -> int:
        """Kill the oldest; returns its process id."""
        oldest = self._running.pop(0)
        oldest.kill()
        await asyncio.to_thread(_end, oldest)
        self._start()
        return oldest.pid

    def _start(self) -> None:
        environment = os.environ | {"THOUGHTSTREAM_QUEUE__LEASE_S": str(LEASE_S)}
        self._running.append(
            subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, env=environment,
            )
        )  # fmt: skip


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Wait for it, and close its standard input."""
    with process:
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
