"""Everything that is read from Redis: what each metric's series are just now."""

import asyncio
import time
from collections.abc import Iterator, Sequence

import structlog
from redis.exceptions import RedisError

from thoughtstream import keys
from thoughtstream.config import ConfigError, Settings
from thoughtstream.coordination.membership import alive_services
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.faces.metrics.audits import Audits
from thoughtstream.faces.metrics.minds import read_minds
from thoughtstream.faces.metrics.nodes import read_nodes
from thoughtstream.faces.metrics.series import Series
from thoughtstream.faces.overview import redis_url
from thoughtstream.health import budgets
from thoughtstream.health.sample import Sample, kept
from thoughtstream.measuring import redis as metrics
from thoughtstream.store.client import Client
from thoughtstream.store.connection import open_client, typed_errors

FRESH_S = 15.0
"""A reading is shared for so long by all who ask."""

_PATIENCE_S = 10.0

log = structlog.get_logger()


class Reader:
    """Reads with a client of its own, which it opens when it is first needed. `beside`: what else
    is told, whether Redis answers or not.
    """

    def __init__(self, settings: Settings, beside: Sequence[Series] = ()) -> None:
        self._settings = settings
        self._beside = beside
        self._redis: Client | None = None
        self._audits = Audits()
        self._fresh: list[Series] = []
        self._read_at = float("-inf")
        self._turn = asyncio.Lock()

    async def read(self) -> list[Series]:
        """All series, as they were in the last 15 s. Of a Redis that does not answer, only that it
        doesn't: what was read of it before would look like news.

        Raises:
            ConfigError: it refuses this user, or something of what is to be read.
        """
        async with self._turn:
            if time.monotonic() - self._read_at >= FRESH_S:
                self._fresh = await self._read()
                self._read_at = time.monotonic()
        return self._fresh

    async def aclose(self) -> None:
        """Close its connections."""
        if self._redis is not None:
            await self._redis.aclose()

    async def _read(self) -> list[Series]:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                if self._redis is None:
                    self._redis = await open_client(self._settings.redis, redis_url(self._settings))
                with typed_errors():
                    everything = await _all(self._redis, self._settings, self._audits)
                return [Series(metrics.UP, 1), *everything, *self._beside]
        except ConfigError:
            raise
        except (RedisError, ThoughtstreamError, OSError) as error:  # a TimeoutError is an OSError
            log.warning("metrics.not_read", error=str(error))
            return [Series(metrics.UP, 0), *self._beside]


async def _all(redis: Client, settings: Settings, audits: Audits) -> list[Series]:
    services = await alive_services(redis)
    nodes = await read_nodes(redis)
    minds = await read_minds(redis)
    samples, now_ms = await kept(redis), await redis.clock_ms(keys.MEMORY.key())
    return [
        Series(metrics.SERVICES, len(services)),
        *nodes.series,
        *minds.series,
        *_domains(samples, nodes.most, settings, now_ms),
        *await audits.go_on(redis, minds.names, time.monotonic()),
        *await _backup(redis),
    ]


async def _backup(redis: Client) -> list[Series]:
    at = await redis.hget(keys.BACKUP.key(), "at")
    return [Series(metrics.BACKUP, float(at))] if at else []


def _domains(
    samples: dict[str, Sample], most: dict[str, int], settings: Settings, now_ms: int
) -> Iterator[Series]:
    """Of all nodes that were sampled, together."""
    taken, allowed = dict.fromkeys(keys.Domain, 0), dict.fromkeys(keys.Domain, 0)
    there = {name: sample for name, sample in samples.items() if name in most}
    for name, sample in there.items():
        for one in budgets.spent(sample, settings.budgets, most[name]):
            taken[one.domain] += one.estimate.bytes
            allowed[one.domain] += one.budget
    if there:
        oldest = min(sample.at for sample in there.values())
        yield Series(metrics.SAMPLE_AGE, max(now_ms - oldest, 0) / 1000)
    for domain in keys.Domain if there else ():
        yield Series(metrics.DOMAIN_BYTES, taken[domain], (domain.value,))
        if allowed[domain]:
            yield Series(metrics.DOMAIN_BUDGET, allowed[domain], (domain.value,))
