"""Who listens when a master is lost goes on listening to the one that takes over."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from redis.crc import key_slot

from tests.clusters import Cluster, running
from tests.coordination.conftest import short, until
from tests.coordination.test_worker import ended, is_not_listening, working
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import RedisUnavailable, keys
from thoughtstream.colony import Colony
from thoughtstream.coordination.models import NewTask
from thoughtstream.coordination.queue import Queue
from thoughtstream.coordination.tasks import TaskQueue

_DIRECTIVES = ("cluster-node-timeout 1000", "cluster-require-full-coverage no")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    (tmp_path / "nodes").mkdir()
    make = partial(RedisServer, programs()[WHEEL])
    with running(tmp_path / "nodes", make, *_DIRECTIVES, replicas=1) as made:
        yield made


@pytest.mark.slow
async def test_idle_workers_hear_of_tasks_after_a_failover(
    cluster: Cluster, tmp_path: Path
) -> None:
    """bullmq#648, #4138: the workers lived, and took nothing any more."""
    tasks = TaskQueue("q")

    @tasks.fallback
    async def take(payload: str) -> str:
        return payload

    async with Colony.connect(settings=short(cluster.url, tmp_path / "home")) as colony:
        queue = colony.queue("q")
        [first] = await queue.submit(NewTask("before"), durability="replicas")
        async with working(colony.redis, tasks):
            assert (await ended(queue, first)).state == "completed"
            await until(lambda: _listens(queue))
            cluster.servers[cluster.owner(_slot_of("q"))].kill()
            [second] = await _submitted(queue)
            assert (await ended(queue, second)).text == '"after"'
            assert (await queue.audit()).balanced


def _slot_of(queue: str) -> int:
    return key_slot(keys.WAITING.key(queue=queue).encode())


async def _listens(queue: Queue) -> bool:
    return not await is_not_listening(queue)


async def _submitted(queue: Queue) -> list[str]:
    """The ids of a task that is submitted once, however often that has to be tried."""
    while True:
        try:
            return await queue.submit(NewTask("after", key="once"))
        except RedisUnavailable:
            await asyncio.sleep(0.1)
