"""What is left on the server when everybody has gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.drills.findings import Finding, zero
from tests.drills.people import MINDS, WINDOWS
from tests.drills.witness import Written, written
from tests.servers import RedisServer
from thoughtstream import keys
from thoughtstream.attention.attention import LIBRARY, Attention
from thoughtstream.attention.models import Audit
from thoughtstream.config import Settings
from thoughtstream.health.checks import fault_of
from thoughtstream.store.connection import connect


@dataclass(frozen=True)
class Aftermath:
    """`left`: the memory streams, by mind and kind."""

    audits: dict[str, Audit]
    left: dict[tuple[str, str], list[Written]]
    findings: list[Finding]


def examine(server: RedisServer, settings: Settings) -> Aftermath:
    """Look at everything that is left."""
    asyncio.run(_finish(settings))
    with server.client() as client:
        found: list[str] = list(client.scan_iter(count=1000))
        strange = [key for key in found if keys.family_of(key) is None]
        unfit = [fault for key in found if (fault := _fault(client, key))]
        items = {key for key in found if keys.family_of(key) is keys.ITEM}
        left = _memories(client)
        remembered = {
            keys.ITEM.key(mind=mind, id=memory.id)
            for (mind, _), memories in left.items()
            for memory in memories
        }
        members: Any = client.zrange(keys.SERVICES.key(), 0, -1)
        stale = [*members, *(key for key in found if keys.family_of(key) in keys.FORMER)]
        pending, consumers = _groups(client)
        return Aftermath(
            audits=asyncio.run(audits(settings)),
            left=left,
            findings=[
                zero("keys that the registry does not know", len(strange), strange[:3]),
                zero("keys of a wrong type or life", len(unfit), unfit[:3]),
                zero("items without a memory, memories without one", len(items ^ remembered)),
                zero("services that left a lease", len(stale), stale),
                zero("pending entries", pending),
                zero("consumers left behind", consumers),
            ],
        )


def _fault(client: Any, key: str) -> str:
    return fault_of(key, client.type(key), client.ttl(key))


def _groups(client: Any) -> tuple[int, int]:
    """Pending entries, and consumers beside the one that every cycle is."""
    windows = [keys.WINDOW.key(mind=mind, window=window) for mind in MINDS for window in WINDOWS]
    groups = [g for key in windows if client.exists(key) for g in client.xinfo_groups(key)]
    return (
        sum(group["pending"] for group in groups),
        sum(group["consumers"] - 1 for group in groups),
    )


def _memories(redis: Any) -> dict[tuple[str, str], list[Written]]:
    return {
        (mind, kind): [written(fields) for _, fields in redis.xrange(family.key(mind=mind))]
        for mind in MINDS
        for kind, family in keys.MEMORIES.items()
    }


async def audits(settings: Settings) -> dict[str, Audit]:
    """The audit of every mind."""
    async with _attention(settings) as attention:
        return {mind: await attention.audit(mind, WINDOWS) for mind in MINDS}


async def _finish(settings: Settings) -> None:
    """Settle what came last: a trigger may have brought something back just before its end."""
    async with _attention(settings) as attention:
        for mind in MINDS:
            while (await attention.cycle(mind, WINDOWS, mode="settle")).next_due_ms is not None:
                pass


@asynccontextmanager
async def _attention(settings: Settings) -> AsyncIterator[Attention]:
    client = connect(settings.redis)
    try:
        await LIBRARY.ensure(client)
        yield Attention(client, settings.streams)
    finally:
        await client.aclose()
