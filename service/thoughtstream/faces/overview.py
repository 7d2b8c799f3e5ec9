"""What is running: Redis, services and minds, as `status` and `up` report it."""

from typing import Any

from redis.exceptions import ResponseError

from thoughtstream import discretion, keys
from thoughtstream.config import Settings
from thoughtstream.coordination.agents import AgentStatus
from thoughtstream.coordination.membership import alive_services, attended_until
from thoughtstream.faces.web import place
from thoughtstream.health import budgets
from thoughtstream.health.nodes import Node, look
from thoughtstream.health.sample import kept
from thoughtstream.health.troubles import by_mind, told
from thoughtstream.home.home import Home, url_of
from thoughtstream.store.census import Census
from thoughtstream.store.client import Client
from thoughtstream.store.connection import open_client, typed_errors
from thoughtstream.store.said import info_of


def web_of(settings: Settings) -> dict[str, Any] | None:
    """The address that opens the page of this home, its token included; None: there is no page."""
    url = place.opening(settings)
    return None if url is None else {"url": url}


def redis_url(settings: Settings) -> str:
    """Where Redis is, or would be."""
    return settings.redis.url or url_of(settings.home)


async def collect(settings: Settings) -> dict[str, Any]:
    """Redis, the services that are alive, and all minds.

    Raises:
        RedisUnavailable: Redis does not answer. ConfigError: it refuses us.
    """
    redis = await open_client(settings.redis, redis_url(settings))
    try:
        return {**await collect_from(redis, settings), "web": web_of(settings)}
    finally:
        await redis.aclose()


async def collect_from(redis: Client, settings: Settings) -> dict[str, Any]:
    """The same over a connection that is there, without what only its owner may know."""
    with typed_errors():
        nodes = await look(redis)
        totals = await _totals_of(redis, nodes)
        alive = await alive_services(redis)
        services = [_service(found) for found in alive]
        troubles, named = told(found.about for found in alive)
        until = None if services else await attended_until(redis)
        minds = await all_minds(redis)
        memory = await _memory(redis, nodes, settings)
    return {
        "home": str(Home.at(settings.home).path),
        "redis": {
            "url": discretion.shown(redis_url(settings)),
            "embedded": settings.redis.url is None,
            **totals,
            "nodes": [_node(node) for node in nodes] or None,
        },
        "service": {"alive": bool(services), "count": len(services)}
        | (services or [{"attended_until": until}])[0],
        "services": services,
        "memory": memory,
        "minds": minds,
        "troubles": {"count": troubles, "first": named},
    }


async def redis_totals(redis: Client) -> dict[str, Any]:
    """Of all of Redis: `version`, `used_bytes`, `maxmemory_bytes` (0: no limit), `uptime_s`."""
    with typed_errors():
        return await _totals_of(redis, await look(redis))


async def _totals_of(redis: Client, nodes: list[Node]) -> dict[str, Any]:
    """Version, memory and uptime from INFO; for a cluster, of all its masters together."""
    infos: list[Any] = [node.info for node in nodes if node.slots and node.info]
    infos = infos or [await info_of(redis)]
    return {
        "version": ", ".join(sorted({info["redis_version"] for info in infos})),
        "used_bytes": sum(info.get("used_memory", 0) for info in infos),
        "maxmemory_bytes": sum(info.get("maxmemory", 0) for info in infos),
        "uptime_s": min(info.get("uptime_in_seconds", 0) for info in infos),
    }


async def _memory(redis: Client, nodes: list[Node], settings: Settings) -> list[dict[str, Any]]:
    """What each domain takes of each server, as last sampled, against the plan."""
    most = {node.name: node.info.get("maxmemory", 0) for node in nodes}
    most = most or {"": (await info_of(redis)).get("maxmemory", 0)}
    return [
        {
            "node": name,
            "sampled_at": sample.at,
            "data_bytes": sample.data_bytes,
            "accounted": sample.accounted,
            "domains": {
                spent.domain.value: {
                    "keys": spent.estimate.keys,
                    "bytes": spent.estimate.bytes,
                    "margin_bytes": spent.estimate.margin,
                    "budget_bytes": spent.budget,
                    "beyond": spent.beyond,
                }
                for spent in budgets.spent(sample, settings.budgets, most[name])
            },
        }
        for name, sample in sorted((await kept(redis)).items())
        if name in most
    ]


def _node(node: Node) -> dict[str, Any]:
    return {
        "node": node.name,
        "role": node.role,
        "slots": node.slots,
        "master": node.master,
        "alive": bool(node.info),
        "version": node.info.get("redis_version", ""),
        "used_bytes": node.info.get("used_memory", 0),
    }


def _service(found: AgentStatus) -> dict[str, Any]:
    said = {"id": found.id, "version": found.version, "last_seen": found.last_seen}
    said |= {name: found.about[name] for name in ("host", "pid", "minds", "started_at")}
    return said | {"rhythm": found.about.get("rhythm")}  # one that has just begun has none


async def all_minds(redis: Client) -> list[dict[str, Any]]:
    """All minds, by name: one round trip for each page of them."""
    return [mind async for page in Census(redis).pages() for mind in await _looked_at(redis, page)]


async def minds_known(redis: Client) -> list[str]:
    """The names of all minds, some of which may not be there any more."""
    with typed_errors():
        return [name async for page in Census(redis).pages() for name in page]


async def first_minds(redis: Client, names: list[str], most: int) -> list[dict[str, Any]]:
    """The first of these minds that are there: one round trip, another where some are gone."""
    found = list[dict[str, Any]]()
    with typed_errors():
        for start in range(0, len(names), most):
            found += await _looked_at(redis, names[start : start + most])
            if len(found) >= most:
                break
    return found[:most]


async def _looked_at(redis: Client, minds: list[str]) -> list[dict[str, Any]]:
    """Those of the minds that are there."""
    pipe: Any = redis.pipeline(transaction=False)
    for mind in minds:
        pipe.exists(keys.LEDGER.key(mind=mind))
        pipe.zcard(keys.CONTEST.key(mind=mind))
        pipe.hlen(keys.INTERVENING.key(mind=mind))
        for family in keys.MEMORIES.values():
            pipe.xlen(family.key(mind=mind))
    answers = await pipe.execute(raise_on_error=False) if minds else []
    size = 3 + len(keys.MEMORIES)
    found = []
    for mind, at in zip(minds, range(0, len(answers), size), strict=True):
        is_there, competing, intervening, *memories = map(_count, answers[at : at + size])
        if is_there:
            found.append(
                {
                    "mind": keys.readable(mind),
                    "competing": competing,
                    "intervening": intervening,
                    "memories": dict(zip(keys.MEMORIES, memories, strict=True)),
                }
            )
    return found


async def in_play(redis: Client, minds: list[str]) -> dict[str, int]:
    """How many thoughts of each mind compete or can be changed; one round trip."""
    pipe: Any = redis.pipeline(transaction=False)
    for mind in minds:
        pipe.zcard(keys.CONTEST.key(mind=mind))
        pipe.hlen(keys.INTERVENING.key(mind=mind))
    answers = await pipe.execute(raise_on_error=False) if minds else []
    counts = [_count(answer) or 0 for answer in answers]
    return dict(zip(minds, map(sum, zip(counts[::2], counts[1::2], strict=True)), strict=True))


async def troubled(redis: Client) -> dict[str, dict[str, str]]:
    """The minds in which something is wrong, as services say: `what`, `detail`, `cure`."""
    with typed_errors():
        return by_mind(found.about for found in await alive_services(redis))


def _count(answer: Any) -> int | None:
    """None: the key is not what it should be."""
    if isinstance(answer, Exception) and not isinstance(answer, ResponseError):
        raise answer
    return None if isinstance(answer, Exception) else int(answer)
