"""Processes that ask the generation cache for a value at once; each computation leaves a line."""

import asyncio
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from thoughtstream.config import CacheConfig, RedisConfig
from thoughtstream.coordination.cache import GenerationCache
from thoughtstream.store.connection import open_client

_processes = multiprocessing.get_context("forkserver")
# What each would import otherwise; pytest is imported as the main module.
_processes.set_forkserver_preload(["pytest", "tests.coordination.callers"])

MOST_S = 60


@dataclass
class Callers:
    """Processes that want one key of the cache at a server, and the lines they have left."""

    url: str
    lines: Path
    key: str = "a key"
    answers: Any = field(default_factory=_processes.Queue)
    processes: list[BaseProcess] = field(default_factory=list)

    def start(self, count: int, *, takes_s: float, lease_s: int = 15) -> None:
        """Have so many processes ask for it at once; computing it takes so long."""
        gate = _processes.Barrier(count + 1)
        what = self.url, str(self.lines), self.key, takes_s, lease_s, gate, self.answers
        new = [_processes.Process(target=_ask, args=what) for _ in range(count)]
        for process in new:
            process.start()
        self.processes += new
        gate.wait(MOST_S)

    @property
    def computing(self) -> list[int]:
        """The processes that computed, in order."""
        return [int(line) for line in self.lines.read_text().split()] if self.lines.exists() else []

    def take(self, count: int) -> list[tuple[Any, float]]:
        """So many answers, each with the seconds it took."""
        return [self.answers.get(timeout=MOST_S) for _ in range(count)]


@contextmanager
def callers(url: str, directory: Path) -> Iterator[Callers]:
    """None of the processes outlives the context."""
    made = Callers(url, directory / "computed")
    try:
        yield made
    finally:
        for process in made.processes:
            process.kill()
            process.join()
        made.answers.close()


def _ask(url: str, lines: str, key: str, takes_s: float, lease_s: int, gate: Any, to: Any) -> None:
    def compute() -> int:
        with Path(lines).open("a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(takes_s)
        return os.getpid()

    async def get() -> Any:
        redis = await open_client(RedisConfig(url=url))
        async with redis, GenerationCache(redis, CacheConfig(lease_s=lease_s)) as cache:
            await redis.get("deepcode:cache:another")  # connected
            await asyncio.to_thread(gate.wait, MOST_S)
            start = time.monotonic()
            return await cache.get_or_compute(key, compute), time.monotonic() - start

    to.put(asyncio.run(get()))
