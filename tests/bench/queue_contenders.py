"""One task queue, measured in a process of its own: `python queue_contenders.py NAME URL N SLOTS
TRIPS`. Prints one JSON object, in seconds. Imports only what the contender needs, so that each runs
with its own libraries; see `queues.py`.
"""

import asyncio
import json
import logging
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import uvloop

_MOST_S = 300
_REST_S = 0.003
"""Between lone trips: each begins with workers that are at rest."""

Submit = Callable[[int], Awaitable[Any]]
Work = Callable[[], Coroutine[Any, Any, Any]]


class Stopwatch:
    """Counts executions, and measures a contender: what `submit` submits, `work` runs."""

    def __init__(self, tasks: int, slots: int, trips: int) -> None:
        self.tasks, self.slots, self.trips = tasks, slots, trips
        self._ran = 0
        self._drained = asyncio.Event()
        self._trip = asyncio.Event()

    def hit(self) -> None:
        """A task has been executed."""
        self._ran += 1
        if self._ran == self.tasks:
            self._drained.set()
        if self._ran > self.tasks:
            self._trip.set()

    async def measure(self, submit: Submit, work: Work) -> dict[str, float]:
        """Submit all, then start the worker, then submit one at a time."""
        submitted = await self.submit_all(submit)
        worker, drained = await self.drain(work)
        trip = await self.lone_trips(submit)
        worker.cancel()
        return {"submit": submitted, "drain": drained, "trip": trip}

    async def submit_all(self, submit: Submit) -> float:
        """As many submitters as there are slots, one task at a time each."""
        left = iter(range(self.tasks))

        async def one() -> None:
            for number in left:
                await submit(number)

        start = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(self.slots)))
        return time.perf_counter() - start

    async def drain(self, work: Work) -> tuple["asyncio.Task[Any]", float]:
        """From the start of the worker to the last execution."""
        start = time.perf_counter()
        worker = asyncio.create_task(work())
        done = asyncio.create_task(self._drained.wait())
        await asyncio.wait({worker, done}, return_when="FIRST_COMPLETED", timeout=_MOST_S)
        if not self._drained.is_set():
            raise SystemExit(f"only {self._ran} of {self.tasks} ran: {worker!r}")
        return worker, time.perf_counter() - start

    async def lone_trips(self, submit: Submit) -> float:
        """From submitting one task to its execution (median), nothing else going on."""
        took = []
        for number in range(self.trips):
            await asyncio.sleep(_REST_S)
            self._trip.clear()
            start = time.perf_counter()
            await submit(number)
            await asyncio.wait_for(self._trip.wait(), 30)
            took.append(time.perf_counter() - start)
        return statistics.median(took)


async def bare(url: str, watch: Stopwatch) -> dict[str, float]:
    """Without a queue: XADD, and as many loops of XREADGROUP COUNT 1 and XACK as slots."""
    import redis.asyncio as redis

    pool: Any = redis.BlockingConnectionPool.from_url(url, max_connections=watch.slots + 2)
    client: Any = redis.Redis(connection_pool=pool)
    await client.xgroup_create("bare", "group", "0", mkstream=True)

    async def submit(number: int) -> None:
        await client.xadd("bare", {"number": number})

    async def loop() -> None:
        while True:
            answer = await client.xreadgroup("group", "me", {"bare": ">"}, count=1, block=1000)
            for entry in _ids(answer):
                watch.hit()
                await client.xack("bare", "group", entry)

    async def work() -> None:
        await asyncio.gather(*(loop() for _ in range(watch.slots)))

    start = time.perf_counter()
    for first in range(0, watch.tasks, 100):
        pipe = client.pipeline(transaction=False)
        for number in range(first, min(first + 100, watch.tasks)):
            pipe.xadd("bulk", {"number": number})
        await pipe.execute()
    bulk = time.perf_counter() - start
    return await watch.measure(submit, work) | {"bulk": bulk}


def _ids(answer: Any) -> list[bytes]:
    """The ids of the entries of one stream, whichever protocol the client speaks."""
    if not answer:
        return []
    entries = next(iter(answer.values())) if isinstance(answer, dict) else answer[0][1]
    if isinstance(answer, dict) and entries and isinstance(entries[0], list):
        entries = entries[0]
    return [entry[0] for entry in entries]


async def ours(url: str, watch: Stopwatch) -> dict[str, float]:
    """With results, retries and dead letters, as everybody has it."""
    from concurrent.futures import ThreadPoolExecutor

    from thoughtstream.config import QueueConfig, RedisConfig
    from thoughtstream.coordination.queue import Queue
    from thoughtstream.coordination.running import Runner
    from thoughtstream.coordination.tasks import TaskQueue
    from thoughtstream.coordination.worker import Worker
    from thoughtstream.store.connection import open_client

    client = await open_client(RedisConfig(url=url))
    queue = Queue(client, "bench", QueueConfig(entries=10_000_000, bytes=2**32))
    tasks = TaskQueue("bench")

    @tasks.task
    async def noop(number: int) -> None:
        watch.hit()

    async def submit(number: int) -> None:
        await queue.submit(noop.with_args(number).task())

    bulk_queue = Queue(client, "bulk", queue.config)
    start = time.perf_counter()
    for first in range(0, watch.tasks, 100):
        numbers = range(first, min(first + 100, watch.tasks))
        await bulk_queue.submit(*(noop.with_args(number).task() for number in numbers))
    bulk = time.perf_counter() - start
    worker = Worker(queue, Runner(tasks, queue, ThreadPoolExecutor(1)).run, slots=watch.slots)
    figures = await watch.measure(submit, worker.work)
    audit = await queue.audit()
    if not audit.balanced:
        raise SystemExit(f"the books don't balance: {audit.faults}")
    return figures | {"bulk": bulk}


async def taskiq_redis(url: str, watch: Stopwatch) -> dict[str, float]:
    from taskiq.api import run_receiver_task
    from taskiq_redis import RedisStreamBroker

    broker = RedisStreamBroker(url, queue_name="taskiq", consumer_id="0")

    @broker.task(task_name="noop")  # type: ignore[untyped-decorator]
    async def noop(number: int) -> None:
        watch.hit()

    broker.is_worker_process = True
    await broker.startup()
    slots = watch.slots
    return await watch.measure(
        noop.kiq, lambda: run_receiver_task(broker, max_async_tasks=slots, max_prefetch=slots)
    )


async def arq(url: str, watch: Stopwatch) -> dict[str, float]:
    from arq import create_pool, func
    from arq.connections import RedisSettings
    from arq.worker import Worker

    pool = await create_pool(RedisSettings.from_dsn(url))

    async def noop(ctx: Any, number: int) -> None:
        watch.hit()

    worker = Worker(
        functions=[func(noop, name="noop", keep_result=0)], redis_pool=pool,
        max_jobs=watch.slots, handle_signals=False, keep_result=0,
    )  # fmt: skip
    watch.trips = min(watch.trips, 5)  # it looks every half second
    return await watch.measure(lambda n: pool.enqueue_job("noop", n), worker.async_run)


async def streaq(url: str, watch: Stopwatch) -> dict[str, float]:
    import coredis
    from streaq import Worker

    coredis.Config.optimized = True  # as its own benchmark does
    worker = Worker(
        redis_url=url, concurrency=watch.slots, handle_signals=False, anyio_backend="asyncio"
    )

    @worker.task(ttl=0, silent=True, name="noop")  # type: ignore[untyped-decorator]
    async def noop(number: int) -> None:
        watch.hit()

    async def submit(number: int) -> None:
        await noop.enqueue(number)

    async with worker:
        submitted = await watch.submit_all(submit)
    task, drained = await watch.drain(worker.run_async)
    trip = await watch.lone_trips(submit)
    task.cancel()
    return {"submit": submitted, "drain": drained, "trip": trip}


async def docket(url: str, watch: Stopwatch) -> dict[str, float]:
    from datetime import timedelta

    from docket import Docket, Worker

    async with Docket(name="bench", url=url, execution_ttl=timedelta(0)) as its:

        async def noop(number: int) -> None:
            watch.hit()

        its.register(noop)

        async def submit(number: int) -> None:
            await its.add(noop)(number)

        quick = timedelta(milliseconds=5)  # by default it looks every 250 ms
        async with Worker(its, concurrency=watch.slots, minimum_check_interval=quick) as worker:
            return await watch.measure(submit, worker.run_forever)


CONTENDERS = {
    "bare": bare, "ours": ours, "taskiq-redis": taskiq_redis, "arq": arq, "streaq": streaq,
    "docket": docket,
}  # fmt: skip


async def main(name: str, url: str, tasks: int, slots: int, trips: int) -> None:
    """Measure one."""
    logging.disable(logging.CRITICAL)
    figures = await CONTENDERS[name](url, Stopwatch(tasks, slots, trips))
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()
    os._exit(0)  # without a goodbye: what is left of a contender is not the question


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])))
