"""Is this Redis fit to keep a mind? What the doctor finds, for every face."""

from collections.abc import Iterable

from redis.exceptions import ResponseError

from thoughtstream.attention.attention import LIBRARY
from thoughtstream.config import ConfigError, Settings
from thoughtstream.coordination import library as agents
from thoughtstream.coordination.membership import alive_services
from thoughtstream.faces.overview import redis_url
from thoughtstream.health import sampler
from thoughtstream.health.checks import Finding
from thoughtstream.health.nodes import Wanted, examine_all
from thoughtstream.health.troubles import CHECK, examine_minds
from thoughtstream.memory import consolidation
from thoughtstream.store.client import Client
from thoughtstream.store.connection import open_client, typed_errors


async def examine(settings: Settings) -> list[Finding]:
    """All findings, of every node; each problem has its cure.

    Raises:
        RedisUnavailable: Redis does not answer.
    """
    redis = await open_client(settings.redis, redis_url(settings))
    try:
        return await examine_through(redis, settings)
    finally:
        await redis.aclose()


async def examine_through(redis: Client, settings: Settings) -> list[Finding]:
    """The same over a connection that is there."""
    later = [consolidation.LIBRARY, agents.LIBRARY, sampler.LIBRARY]
    wanted = Wanted([LIBRARY], later, settings.budgets, private_socket=settings.redis.url is None)
    with typed_errors():
        return [await _minds(redis), *await examine_all(redis, wanted)]


def is_healthy(findings: Iterable[Finding]) -> bool:
    """Whether nothing is bad."""
    return all(finding.state != "bad" for finding in findings)


async def _minds(redis: Client) -> Finding:
    try:
        services = await alive_services(redis)
    except ConfigError:
        return Finding(CHECK, "unknown", "this user may not ask the services; check as service")
    except ResponseError as error:
        return Finding(CHECK, "unknown", f"the services can't be asked: {error}")
    return examine_minds(found.about for found in services)
