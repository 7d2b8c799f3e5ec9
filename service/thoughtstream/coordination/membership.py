"""Which services are alive, and who of them serves which mind.

A service is an agent with the skill `attention`, whose lease is short. Minds are spread by
rendezvous hashing over the services that are alive, so no mind has a lease of its own and an idle
mind costs nothing; when a service dies, its minds move to the others as soon as its lease is over.
Two services that for a moment both serve a mind do no harm: the cycle is atomic. Services of the
version before are no agents: beside one of them, each of both serves all minds.
"""

import hashlib
import os
import socket
import time
import uuid
from typing import Any

from thoughtstream import keys
from thoughtstream.config import AgentsConfig
from thoughtstream.coordination.agents import Activity, Agents, AgentStatus, Identity
from thoughtstream.coordination.index import Index
from thoughtstream.errors import AgentSuperseded, AgentUnknown
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

HEARTBEAT_S = 1.0
LEASE_MS = 4000
SKILL = "attention"
_LATE_MS = 60_000
"""A service that is silent for no longer may only be late: its host is busy."""


class Membership:
    """One service among all. Errors: RedisUnavailable."""

    def __init__(self, redis: Client, config: AgentsConfig | None = None) -> None:
        self.id = f"service:{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._redis = redis
        self._config = config or AgentsConfig()
        self._agents = Agents(redis, self._config)
        self._index = _index(redis)
        self._about = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "started_at": int(time.time() * 1000),
        }
        self._who: Identity | None = None
        self._alive_until = dict[str, float]()
        self._silent = frozenset[str]()
        self._swept_at = time.monotonic()
        self.alive: frozenset[str] = frozenset()

    async def renew(self, minds: int, **said: Any) -> bool:
        """Renew the lease; returns whether other services came or went since the last time.

        `said`: what else the service says of itself.
        """
        await self._beat(minds, said)
        with typed_errors():
            names = frozenset(await self._index.names())
            if self.id not in names:
                await self._index.note((self.id, "never"))
        await self._look_at(names - {self.id})
        alive = frozenset((self.id, *self._alive_until))
        changed, self.alive = alive != self.alive, alive
        if time.monotonic() - self._swept_at > self._config.beat_s:
            self._swept_at = time.monotonic()
            await self._agents.sweep(self.id)
        return changed

    async def _beat(self, minds: int, said: dict[str, Any]) -> None:
        about = self._about | {"minds": minds} | said
        if self._who is not None:
            task = SKILL if minds else None
            state: Activity = "working" if minds else "idle"
            try:
                return await self._agents.beat(self._who, state, task, about=about, sweep=False)
            except (AgentUnknown, AgentSuperseded):
                pass  # Redis has lost it, or it was silent for so long that it was made leave
        self._who = await self._agents.register(
            self.id, [SKILL], holder=self.id, about=about, lease_ms=LEASE_MS
        )
        return None

    async def _look_at(self, others: frozenset[str]) -> None:
        """Look at the others whose lease was over, as far as we know. Who is silent is not alive;
        who is still so at the next beat leaves: when a clock jumps ahead, nobody is gone.
        """
        now = time.monotonic()
        sure = {name: end for name, end in self._alive_until.items() if end > now}
        due = sorted(others - sure.keys())
        ends = {
            name: now + left_ms / 1000
            for name, left_ms in zip(due, await self._agents.leases(due), strict=True)
            if left_ms
        }
        silent = frozenset(due) - ends.keys()
        for name in silent & self._silent:
            await self._remove(name)
        self._silent = silent
        self._alive_until = {name: end for name, end in sure.items() if name in others} | ends

    async def _remove(self, name: str) -> None:
        await self._agents.leave(name)
        with typed_errors():
            await self._index.note((name, "gone"))

    async def leave(self) -> None:
        """End the lease, so that others take over at once."""
        await self._remove(self.id)

    def serves(self, mind: str) -> bool:
        """Whether this service is the one for a mind: of all alive, it has the highest hash."""
        return max(self.alive | {self.id}, key=lambda member: _weight(member, mind)) == self.id


def _weight(member: str, mind: str) -> bytes:
    return hashlib.blake2b(f"{member}\0{mind}".encode(errors="surrogateescape")).digest()


def _index(redis: Client) -> Index:
    return Index(redis, keys.SERVICES.key(), LEASE_MS)


async def attended_until(redis: Client) -> int | None:
    """When a service was seen last (ms since 1970), where none is alive; None: not within a day."""
    agents = Agents(redis, AgentsConfig())
    with typed_errors():
        names = await _index(redis).names()
    left = [one for one in await agents.old() if SKILL in one.skills]
    silent = await agents.statuses(sorted(names))
    return max((one.last_seen for one in (*left, *silent)), default=None)


async def may_be_attended(redis: Client) -> bool:
    """Whether a service is alive, or fell silent so lately that it may only be late."""
    with typed_errors():
        names = await _index(redis).names()
        now_ms = await redis.clock_ms(keys.SERVICES.key())
    found = await Agents(redis, AgentsConfig()).statuses(sorted(names))
    return any(one.state != "offline" or abs(now_ms - one.last_seen) < _LATE_MS for one in found)


async def alive_services(redis: Client) -> list[AgentStatus]:
    """The services whose lease holds, by id."""
    with typed_errors():
        names = await _index(redis).names()
    found = await Agents(redis, AgentsConfig()).statuses(sorted(names))
    return [status for status in found if status.state != "offline"]
