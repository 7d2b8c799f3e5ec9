"""Minds that are used in every way while a cluster changes, and what they were told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from redis.crc import key_slot

from tests.services import until
from thoughtstream import Mind, keys
from thoughtstream.config import Settings
from thoughtstream.errors import ThoughtstreamError

NAMES = ["ana", "bob", "cleo"]
"""One on every node of three."""


_PAUSE_S = 0.02


@dataclass
class Said:
    """What clients of a mind were told. `thoughts`, `anchors`: acknowledged ids."""

    thoughts: list[str] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    recalls: int = 0


@asynccontextmanager
async def busy(settings: Settings, names: list[str]) -> AsyncIterator[dict[str, Said]]:
    """Minds that are used in every way, all the time, until the end of the context."""
    said = {name: Said() for name in names}
    over = asyncio.Event()

    async def use(name: str, what: Callable[[Mind, Said], Awaitable[None]]) -> None:
        async with Mind.connect(name, settings=settings) as mind:
            while not over.is_set():
                try:
                    await what(mind, said[name])
                except ThoughtstreamError as error:
                    said[name].errors.append(error)
                await asyncio.sleep(_PAUSE_S)

    async with asyncio.TaskGroup() as group:
        for name in names:
            for what in (_think, _anchor, _recall):
                group.create_task(use(name, what))
        try:
            yield said
        finally:
            over.set()


async def _think(mind: Mind, said: Said) -> None:
    said.thoughts.append(await mind.think(f"thought {len(said.thoughts)}", salience=0.9))


async def _anchor(mind: Mind, said: Said) -> None:
    content = f"anchor {len(said.anchors)}"
    said.anchors.append(await mind.anchor(content, durability="replicas"))


async def _recall(mind: Mind, said: Said) -> None:
    assert (await mind.audit()).faults == []
    said.recalls += bool(await mind.recall("anchor"))


async def more(said: dict[str, Said], count: int = 5) -> None:
    """Wait until every mind has taken so many more thoughts and anchors, and a question."""
    before = {name: (len(s.thoughts), len(s.anchors), s.recalls) for name, s in said.items()}

    async def come() -> bool:
        return all(
            len(s.thoughts) >= before[n][0] + count
            and len(s.anchors) >= before[n][1] + count
            and s.recalls > before[n][2]
            for n, s in said.items()
        )

    await until(come, most_s=60)


async def at_rest(settings: Settings, name: str, said: Said, *, unsure: int = 0) -> None:
    """Wait until everything of a mind has come to its end; nothing is missing, nothing twice.

    `unsure`: how many thoughts may have been written, or lost, beside those that were acknowledged.
    """
    async with Mind.connect(name, settings=settings) as mind:

        async def rests() -> bool:
            audit = await mind.audit()
            assert audit.faults == []
            return not audit.competing + audit.intervening + audit.unread

        await until(rests, most_s=60)
        audit = await mind.audit()
        wanted = len(said.thoughts) + len(said.anchors)
        assert wanted - unsure <= audit.adopted <= wanted + unsure
        redis = mind._redis
        attended: Any = await redis.xrange(keys.ASSEMBLED.key(mind=name))
        remembered: Any = await redis.xrange(keys.EPISODIC.key(mind=name))
    for entries in (attended, remembered):
        twice = [id_ for id_, n in Counter(f["id"] for _, f in entries).items() if n > 1]
        assert twice == []
    assert set(said.anchors) <= {fields["id"] for _, fields in remembered}


async def in_thread(work: Callable[..., Any], *args: Any) -> Any:
    return await asyncio.to_thread(work, *args)


def slot_of(name: str) -> int:
    return key_slot(keys.LEDGER.key(mind=name).encode())
