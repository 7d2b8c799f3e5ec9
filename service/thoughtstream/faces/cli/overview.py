"""What runs: Redis, services and minds, as `status` and `up` tell it."""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from thoughtstream import keys
from thoughtstream.config import Settings
from thoughtstream.store.connection import Client, find_keys, open_client, typed_errors
from thoughtstream.store.embedded import url_of
from thoughtstream.store.home import Home
from thoughtstream.store.membership import alive_services


def url(settings: Settings) -> str:
    """Where Redis is, or would be."""
    return settings.redis.url or url_of(settings.home)


async def look(settings: Settings) -> dict[str, Any]:
    """Redis, the services alive and the minds there are.

    Raises:
        RedisUnavailable: Redis doesn't answer. ConfigError: it refuses us.
    """
    redis = await open_client(settings.redis, url(settings))
    try:
        with typed_errors():
            info = await redis.info()
            services = [_service(found) for found in await alive_services(redis)]
            minds = await _minds(redis)
    finally:
        await redis.aclose()
    return {
        "home": str(Home.at(settings.home).path),
        "redis": {
            "url": without_password(url(settings)),
            "embedded": settings.redis.url is None,
            "version": info["redis_version"],
            "used_bytes": info["used_memory"],
            "maxmemory_bytes": info["maxmemory"],
            "uptime_s": info["uptime_in_seconds"],
        },
        "service": {"alive": bool(services), "count": len(services)} | (services or [{}])[0],
        "services": services,
        "minds": minds,
    }


def _service(found: dict[str, str]) -> dict[str, Any]:
    numbers = {name: int(found[name]) for name in ("pid", "minds", "started_at", "last_seen")}
    return {name: found[name] for name in ("id", "host", "version")} | numbers


async def _minds(redis: Client) -> list[dict[str, Any]]:
    names = sorted(await find_keys(redis, keys.LEDGER.glob))
    found = []
    for name in names:
        mind = keys.mind_of(name)
        pipe = redis.pipeline(transaction=False)
        pipe.zcard(keys.CONTEST.key(mind=mind))
        pipe.hlen(keys.INTERVENING.key(mind=mind))
        for family in keys.MEMORIES.values():
            pipe.xlen(family.key(mind=mind))
        competing, intervening, *memories = await pipe.execute()
        found.append(
            {
                "mind": mind,
                "competing": competing,
                "intervening": intervening,
                "memories": dict(zip(keys.MEMORIES, memories, strict=True)),
            }
        )
    return found


def without_password(address: str) -> str:
    """A URL that can be shown."""
    parts = urlsplit(address)
    if parts.password is None:
        return address
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:***@{host}"))
