"""The workers of one run: processes that take evaluations, killed now and then on purpose."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from thoughtstream.errors import ThoughtstreamError

LEASE_S = 2
"""What a killed worker had is free again after so long."""

_PATIENCE_S = 10.0
_TOLD = 500


class WorkerEnded(ThoughtstreamError):
    """A worker ended by itself, and nobody had told it to; the message has its last words."""


class Workers:
    """So many processes of one command, for as long as the context lasts. They end when their
    standard input does, so none outlives this process. `log`: the file of what they say.
    """

    def __init__(self, command: Sequence[str], count: int, log: Path) -> None:
        self._command = command
        self._count = count
        self._log = log
        self._running: list[Process] = []

    async def __aenter__(self) -> "Workers":
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._log.write_bytes(b"")
        for _ in range(self._count):
            await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        running, self._running = self._running, []
        for one in running:
            if one.returncode is None:
                one.terminate()
        await asyncio.gather(*(_end(one) for one in running))

    @property
    def pids(self) -> list[int]:
        """Of those that are there, the oldest first."""
        return [one.pid for one in self._running if one.returncode is None]

    async def watch(self) -> None:
        """Runs until cancelled.

        Raises:
            WorkerEnded: one has ended that was not killed here.
        """
        while True:
            running = list(self._running)
            ends = [asyncio.create_task(one.wait()) for one in running]
            try:
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for end in ends:
                    end.cancel()
            for one in running:
                if one.returncode is not None and one in self._running:
                    said = self._log.read_text(errors="replace")[-_TOLD:]
                    raise WorkerEnded(f"worker {one.pid}: ended by itself: {said}")

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
        await self._start()
        await _end(oldest)
        return oldest.pid

    async def _start(self) -> None:
        environment = os.environ | {"THOUGHTSTREAM_QUEUE__LEASE_S": str(LEASE_S)}
        with self._log.open("ab") as log:
            self._running.append(
                await asyncio.create_subprocess_exec(
                    *self._command, stdin=PIPE, stdout=DEVNULL, stderr=log, env=environment
                )
            )


async def _end(process: Process) -> None:
    """Wait for it; whoever takes too long is killed."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
