"""Thoughts that never stop, and how one waits for a mind to rest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.services import until
from thoughtstream import Mind
from thoughtstream.attention.models import Audit
from thoughtstream.config import Settings
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.store.connection import connect


@asynccontextmanager
async def flow(name: str, settings: Settings) -> AsyncIterator[list[str]]:
    """Thoughts that never stop; the list is of those that were acknowledged."""
    acknowledged: list[str] = []
    over = asyncio.Event()

    async def think() -> None:
        async with Mind.connect(name, settings=settings) as mind:
            while not over.is_set():
                try:
                    acknowledged.append(await mind.think(f"thought {len(acknowledged)}"))
                except ThoughtstreamError:
                    await asyncio.sleep(0.01)

    task = asyncio.create_task(think())
    try:
        yield acknowledged
    finally:
        over.set()
        await task


@asynccontextmanager
async def client_of(settings: Settings) -> AsyncIterator[Any]:
    client = connect(settings.redis)
    yield client
    await client.aclose()


async def more(acknowledged: list[str], count: int = 20) -> None:
    """Wait for that many more acknowledged thoughts."""
    enough = len(acknowledged) + count

    async def come() -> bool:
        return len(acknowledged) >= enough

    await until(come)


async def at_rest(mind: Mind, adopted: int) -> Audit:
    """Wait until so many thoughts have been adopted and nothing is under way."""
    found: list[Audit] = []

    async def rests() -> bool:
        found.append(await mind.audit())
        audit = found[-1]
        assert audit.faults == []
        return audit.adopted == adopted and not (audit.competing + audit.intervening + audit.unread)

    await until(rests)
    return found[-1]
