"""Colony: the Python API of coordination.

async with Colony.connect() as colony:
    handle = await colony.submit(send.with_args("ana@example.org"), delay_s=60)
    print(await handle.result())
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from thoughtstream import config
from thoughtstream.config import Durability, Settings
from thoughtstream.coordination.handle import Handle
from thoughtstream.coordination.queue import Queue
from thoughtstream.coordination.running import Runner
from thoughtstream.coordination.schedule import keep_schedule
from thoughtstream.coordination.tasks import Call, TaskQueue
from thoughtstream.coordination.worker import Worker
from thoughtstream.home.embedded_redis import url_of
from thoughtstream.store.client import Client
from thoughtstream.store.connection import open_client


class Colony:
    """What agents and programs share on one Redis. `connect` makes one."""

    def __init__(self, redis: Client, settings: Settings) -> None:
        self.redis = redis
        self._settings = settings

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, url: str | None = None, *, settings: Settings | None = None
    ) -> AsyncIterator["Colony"]:
        """The colony at `url`, else at the settings' URL, else in the home's embedded Redis.

        Raises:
            ConfigError: a setting is wrong; RedisUnavailable: nothing answers there.
        """
        settings = settings or config.load()
        address = url or settings.redis.url or url_of(settings.home)
        redis = await open_client(settings.redis, address)
        try:
            yield cls(redis, settings)
        finally:
            await redis.aclose()

    def queue(self, name: str) -> Queue:
        """A queue by its name; it is there as soon as something is submitted.

        Raises:
            InvalidTask: the name is empty or too long.
        """
        return Queue(self.redis, name, self._settings.queue)

    async def submit(
        self,
        call: Call,
        *,
        delay_s: float = 0,
        key: str = "",
        priority: int | None = None,
        durability: Durability = "memory",
    ) -> Handle:
        """Have a worker run a function: not before `delay_s`, once for each `key`.

        Raises: as `Queue.submit`.
        """
        queue = self.queue(call.queue)
        task = call.task(delay_s=delay_s, key=key, priority=priority)
        [id_] = await queue.submit(task, durability=durability)
        return Handle(queue, id_)

    async def work(
        self,
        tasks: TaskQueue,
        stop: asyncio.Event,
        *,
        slots: int = 32,
        name: str | None = None,
    ) -> None:
        """Work on these tasks until `stop` is set and what is under way has ended. Plain functions
        run in threads, as many as there are slots; what runs by itself is submitted, too.
        """
        queue = self.queue(tasks.name)
        with ThreadPoolExecutor(slots) as threads:
            runner = Runner(tasks, queue, threads)
            worker = Worker(queue, runner.run, slots=slots, name=name)
            runner.say_progress = worker.say_progress
            schedule = asyncio.create_task(keep_schedule(queue, tasks))
            stopping = asyncio.create_task(_stop(worker, stop))
            try:
                await worker.work()
            finally:
                schedule.cancel()
                stopping.cancel()


async def _stop(worker: Worker, stop: asyncio.Event) -> None:
    await stop.wait()
    worker.stop()
