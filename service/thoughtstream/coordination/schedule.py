"""Tasks that run by themselves, by crontab lines.

Each worker submits the next run of each, under a key made of its name and time: a run is submitted
once, however many workers there are, and goes on being submitted as long as one of them is there.
"""

import asyncio
from datetime import UTC, datetime

import structlog

from thoughtstream.coordination.queue import Queue
from thoughtstream.coordination.tasks import TaskFunction, TaskQueue, next_time
from thoughtstream.errors import QueueFull, RedisUnavailable

_RETRY_S = 1.0

log = structlog.get_logger()


async def keep_schedule(queue: Queue, tasks: TaskQueue) -> None:
    """Submit what is due next, again and again, until cancelled."""
    periodic = [one for one in tasks.functions.values() if one.options.cron]
    async with asyncio.TaskGroup() as group:
        for one in periodic:
            group.create_task(_keep(queue, one))


async def _keep(queue: Queue, function: TaskFunction[..., None]) -> None:
    assert function.options.cron is not None
    while True:
        now = datetime.now(UTC)
        due = next_time(function.options.cron, now)
        delay_s = (due - now).total_seconds()
        key = f"cron:{function.name}:{due:%Y-%m-%dT%H:%M}"
        try:
            await queue.submit(function.with_args().task(delay_s=delay_s, key=key))
        except (RedisUnavailable, QueueFull) as error:
            log.warning(
                "schedule.not_submitted", task=function.name, due=str(due), error=str(error)
            )
            delay_s = min(delay_s, _RETRY_S)
        await asyncio.sleep(delay_s)
