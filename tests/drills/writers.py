"""Clients that write to a cluster, one value after the other.

Keys are written as users write them, by redis-py; thoughts and anchors through the API (`Mind`). A
value is the SHA-256 of its key or number, so that it can be checked.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from tests.drills.book import Log
from tests.drills.endpoint import Endpoint
from thoughtstream import Mind

Promise = Callable[[Mind, str], Any]

_AGAIN_S = 0.05
_TAGS = 200
"""Keys come with so many hash tags, as those of so many minds do: most slots have none."""


def digest(name: str) -> str:
    """The value of a key."""
    return hashlib.sha256(name.encode()).hexdigest()


def write_keys(endpoint: Endpoint, per_second: float, log: Log) -> None:
    """One key after the other; one that got an error is written again, as it may be."""
    redis = endpoint.connect()
    for number in count():
        key = f"proof:{{{number % _TAGS}}}:{log.name_of(number)}"
        while not log.over:
            try:
                redis.set(key, digest(key))
            except Exception as error:  # noqa: BLE001 - whatever it is, a user would have seen it
                log.error(key, error)
                time.sleep(_AGAIN_S)
            else:
                log.acknowledged("", key)
                time.sleep(1 / per_second)
                break
        if log.over:
            break
    redis.close()


async def think(mind: Mind, value: str) -> None:
    await mind.think(value, salience=0.9)


async def anchor(mind: Mind, value: str) -> None:
    await mind.anchor(value, durability="replicas")


def use_minds(
    endpoint: Endpoint, per_second: float, minds: tuple[str, ...], promise: Promise, log: Log
) -> None:
    """Every mind at this rate."""

    async def use_all() -> None:
        async with asyncio.TaskGroup() as group:
            for mind in minds:
                group.create_task(_use(endpoint, per_second, mind, promise, log))

    asyncio.run(use_all())


async def _use(
    endpoint: Endpoint, per_second: float, name: str, promise: Promise, log: Log
) -> None:
    """One value after the other. One that got an error is not said again: it may be there."""
    numbers = count()
    settings = endpoint.settings(log.folder)
    while not log.over:
        async with _errors_of(name, log), Mind.connect(name, settings=settings) as mind:
            while not log.over:
                value = digest(log.name_of(name, next(numbers)))
                async with _errors_of(name, log):
                    await promise(mind, value)
                    log.acknowledged(name, value)
                    await asyncio.sleep(1 / per_second)


@asynccontextmanager
async def _errors_of(where: str, log: Log) -> AsyncIterator[None]:
    """What goes wrong in it is written down, and it goes on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, a user would have seen it
        log.error(where, error)
        await asyncio.sleep(_AGAIN_S)
