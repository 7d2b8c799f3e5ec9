"""Which services are alive, and who of them serves which mind.

Every service renews one lease a second. Minds are spread by rendezvous hashing over the services
that are alive, so no mind has a lease of its own and an idle mind costs nothing; when a service
dies, its minds move to the others as soon as its lease is over. Two services that for a moment
both serve a mind do no harm: the cycle is atomic.
"""

import hashlib
import os
import socket
import time
import uuid
from importlib.metadata import version
from pathlib import Path
from typing import Any

from thoughtstream import keys
from thoughtstream.store.client import Client
from thoughtstream.store.functions import Library

HEARTBEAT_S = 1.0
LEASE_MS = 4000

LIBRARY = Library(Path(__file__).parent / "lua" / "membership.lua")


class Membership:
    """The lease of one service, by the server's TIME."""

    def __init__(self, redis: Client) -> None:
        self.id = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._redis = redis
        self._started_at = int(time.time() * 1000)
        self.alive: frozenset[str] = frozenset()

    async def renew(self, minds: int) -> bool:
        """Renew the lease; returns whether other services came or went since the last time."""
        now = await self._redis.clock_ms(keys.SERVICES.key())
        members, over = await LIBRARY.call(
            self._redis,
            "membership_renew_1",
            [keys.SERVICES.key()],
            (self.id, now, LEASE_MS),
        )
        await self.describe(minds, now)
        for member in over:
            await self._redis.unlink(keys.SERVICE.key(id=member))
        alive = frozenset(members)
        changed, self.alive = alive != self.alive, alive
        return changed

    async def describe(self, minds: int, now_ms: int) -> None:
        """Write down what this service is."""
        said = {**self._description(), "minds": minds, "last_seen": now_ms}
        flat = [part for pair in said.items() for part in pair]
        where = [keys.SERVICE.key(id=self.id)]
        await LIBRARY.call(self._redis, "membership_describe_1", where, flat)

    async def leave(self) -> None:
        """End the lease, so that others take over at once."""
        pipe = self._redis.pipeline(transaction=False)
        pipe.zrem(keys.SERVICES.key(), self.id)
        pipe.delete(keys.SERVICE.key(id=self.id))
        await pipe.execute()

    def serves(self, mind: str) -> bool:
        """Whether this service is the one for a mind: of all alive, it has the highest hash."""
        return max(self.alive | {self.id}, key=lambda member: _weight(member, mind)) == self.id

    def _description(self) -> dict[Any, Any]:
        return {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "version": version("thoughtstream"),
            "started_at": self._started_at,
        }


def _weight(member: str, mind: str) -> bytes:
    return hashlib.blake2b(f"{member}\0{mind}".encode(errors="surrogateescape")).digest()


async def alive_services(redis: Client) -> list[dict[str, str]]:
    """The services whose lease holds, as they describe themselves, with their `id`."""
    now = await redis.clock_ms(keys.SERVICES.key())
    latest = now + LEASE_MS
    ids: Any = await redis.zrange(keys.SERVICES.key(), now - LEASE_MS, latest, byscore=True)
    found: list[tuple[str, Any]] = [
        (member, await redis.hgetall(keys.SERVICE.key(id=member))) for member in ids
    ]
    return [{"id": member, **fields} for member, fields in found if fields]
