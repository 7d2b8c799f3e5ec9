"""What a mind anchors as `semantic` is shared with its lineage: each memory, once.

The stream of semantic memories is the truth, and `memory:{<mind>}:shared` says how far it was
shared: who dies in between shares the last one again, under the same id, and nobody anchors it
twice. What was shared with a mind is not shared on. A mind whose agent is away gets it when it
joins again: until then it is in its agent's inbox.
"""

import hashlib
from typing import Any

import structlog
from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.backoff import Backoff
from thoughtstream.config import Settings
from thoughtstream.coordination.delivery import Packets
from thoughtstream.coordination.packets import Packet
from thoughtstream.errors import InvalidPacket, InvalidTask, ThoughtstreamError
from thoughtstream.memory.models import Location, Memory
from thoughtstream.receiving import domain_of
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

SHARED_FROM = "shared_from"
"""The field of a memory that another mind shared: that mind's name."""

_BLOCK_MS = 5000
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0

log = structlog.get_logger()


class Sharer:
    """Shares the semantic memories of one mind with its lineage."""

    def __init__(self, redis: Client, settings: Settings, mind: str, lineage: str) -> None:
        self._redis: Any = redis
        self._packets = Packets(redis, settings.queue)
        self._mind = mind
        self._lineage = lineage
        self._stream = keys.SEMANTIC.key(mind=mind)
        self._cursor = keys.SHARED.key(mind=mind)

    async def begin(self, agent: str) -> None:
        """From now on, the agent gets what the lineage shares, and what the mind anchors is shared;
        where it did so before, it goes on from there.
        """
        await self._packets.subscribe(agent, domain_of(self._lineage))
        with typed_errors():
            newest = await self._redis.xrevrange(self._stream, count=1)
            first = newest[0][0] if newest else "0-0"
            await self._redis.hsetnx(self._cursor, self._lineage, first)

    async def run(self) -> None:
        """Share until cancelled; waits for a Redis that is lost or full."""
        backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        while True:
            try:
                await self._share_on()
                backoff.reset()
            except (ThoughtstreamError, ResponseError) as error:
                log.warning("memories.not_shared", mind=self._mind, error=str(error))
                await backoff.pause()

    async def _share_on(self) -> None:
        with typed_errors():
            since = await self._redis.hget(self._cursor, self._lineage) or "0-0"
            found = await self._redis.xread({self._stream: since}, count=100, block=_BLOCK_MS)
        for _, entries in found or []:
            for entry, fields in entries:
                memory = Memory.of(Location("semantic", entry), fields)
                if SHARED_FROM not in memory.fields:
                    await self._share(memory)
                await self._shared(entry)

    async def _shared(self, entry: str) -> None:
        with typed_errors():
            await self._redis.hset(self._cursor, self._lineage, entry)

    async def _share(self, memory: Memory) -> None:
        try:
            await self._packets.dispatch(self._packet(memory))
        except (InvalidPacket, InvalidTask) as error:
            log.warning("memory.not_shared", mind=self._mind, memory=memory.id, error=str(error))

    def _packet(self, memory: Memory) -> Packet:
        """Under an id that is always the same for the same memory, whoever shares it."""
        name = "\0".join((self._lineage, self._mind, memory.id))
        return Packet(
            seed=self._mind,
            domain=domain_of(self._lineage),
            content=memory.content,
            activation=memory.salience,
            layer="semantic",
            memory=memory.id,
            id=hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest(),
        )
