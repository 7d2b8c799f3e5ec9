"""Whether the queue is as fast with a million tasks waiting and a hundred thousand leased as with a
thousand, and whether it grows: `uv run python -m tests.bench.queue_sizes [--tasks N] [--json]`.

Speed is what the server takes for a task from submission to completion, in rounds of 32, beside
what it takes for as many PINGs in the same seconds. Memory is what the server uses when all tasks
have ended, with a small bound for their results.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from tests.servers import RedisServer, programs
from thoughtstream.config import QueueConfig, RedisConfig
from thoughtstream.coordination.models import MOST_AT_ONCE, Claim, NewTask, Report
from thoughtstream.coordination.queue import Queue
from thoughtstream.store.client import Client
from thoughtstream.store.connection import open_client

_FEW = 1000
_CONFIG = QueueConfig(
    entries=10_000_000, bytes=4 * 1024**3, results_bytes=64 * 1024, lease_s=86_400
)
_SLOTS = 32
_ROUNDS = 100
_TURNS = 9

_TASK = NewTask('{"task": "noop", "args": [1]}')


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        answer = asyncio.run(_measure(options.tasks, progress))
    if options.json:
        print(json.dumps(answer))  # noqa: T201
        return
    out = Console()
    for name, value in answer.items():
        out.print(f"{name:34} {value:.4g}")


async def _measure(tasks: int, progress: Progress) -> dict[str, float]:
    leases = tasks // 10
    async with _queue() as (redis, queue):
        await _submit(queue, _FEW, progress)
        few = await _pings_a_task(redis, queue)
        await _drain(queue, _FEW, progress)
        memory = [await _memory(redis)]
        await _submit(queue, tasks, progress)
        held = await _claim(queue, leases, progress)
        many = await _pings_a_task(redis, queue)
        await _end(queue, held)
        await _drain(queue, tasks - leases, progress)
        memory.append(await _memory(redis))
        audit = await queue.audit()
        if not audit.balanced or audit.waiting or audit.leased:
            raise SystemExit(f"the books don't balance: {audit}")
    return {
        "tasks": tasks,
        "leases": leases,
        "pings_a_task_with_few": few,
        "pings_a_task_with_many": many,
        "many_over_few": many / few,
        "memory_after_few_bytes": memory[0],
        "memory_after_many_bytes": memory[1],
        "memory_many_over_few": memory[1] / memory[0],
    }


@asynccontextmanager
async def _queue() -> AsyncIterator[tuple[Client, Queue]]:
    with tempfile.TemporaryDirectory() as directory:
        server = RedisServer(programs()[max(programs())], Path(directory)).start()
        redis = await open_client(RedisConfig(url=server.url))
        try:
            yield redis, Queue(redis, "sizes", _CONFIG)
        finally:
            await redis.aclose()
            server.stop()


async def _submit(queue: Queue, tasks: int, progress: Progress) -> None:
    bulk = [_TASK] * MOST_AT_ONCE
    for first in progress.track(range(0, tasks, MOST_AT_ONCE), description="submitting"):
        await queue.submit(*bulk[: tasks - first])


async def _claim(queue: Queue, tasks: int, progress: Progress) -> list[Claim]:
    held: list[Claim] = []
    for _ in progress.track(range(0, tasks, MOST_AT_ONCE), description="leasing"):
        held += (await queue.round("holder", claim=MOST_AT_ONCE)).claims
    return held


async def _end(queue: Queue, held: list[Claim]) -> None:
    for first in range(0, len(held), MOST_AT_ONCE):
        reports = [Report.done(claim) for claim in held[first : first + MOST_AT_ONCE]]
        await queue.round("holder", reports)


async def _drain(queue: Queue, tasks: int, progress: Progress) -> None:
    claims: list[Claim] = []
    for _ in progress.track(range(0, tasks + 1, MOST_AT_ONCE), description="draining"):
        reports = [Report.done(claim) for claim in claims]
        claims = (await queue.round("worker", reports, claim=MOST_AT_ONCE)).claims
    await _end(queue, claims)


async def _pings_a_task(redis: Client, queue: Queue) -> float:
    """How many PINGs as much of the server's time as a task: submitted, claimed, completed. As many
    wait before as afterwards.
    """
    ratios = []
    for _ in range(_TURNS):
        await redis.config_resetstat()
        reports: list[Report] = []
        for _ in range(_ROUNDS):
            await queue.submit(*[_TASK] * _SLOTS)
            claims = (await queue.round("worker", reports, claim=_SLOTS)).claims
            reports = [Report.done(claim) for claim in claims]
            await redis.ping()
        await queue.round("worker", reports)
        used: Any = await redis.info("commandstats")
        ping = float(used["cmdstat_ping"]["usec_per_call"])
        ratios.append(float(used["cmdstat_fcall"]["usec"]) / (_ROUNDS * _SLOTS) / ping)
    return statistics.median(ratios)


async def _memory(redis: Client) -> float:
    info: Any = await redis.info("memory")
    return float(info["used_memory"] - info["mem_clients_normal"])


if __name__ == "__main__":
    main()
