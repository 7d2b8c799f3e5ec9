"""Agents: who is there, what each can do and is doing. The one registry.

An agent registers under a name and renews its lease with heartbeats; silent for as long as its
lease, it is offline, and stays known: what is sent to it waits. Each registration has a fence that
is higher than all before it, and whoever has an older one is refused: one name is one agent.

Agents look after each other: with some of its beats each looks at those that are due. The index of
agents only says when to look at whom; the truth is each agent's own.

Services are agents, too (`membership.py`).
"""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from importlib.metadata import version
from typing import Any, Literal, get_args

from thoughtstream import keys
from thoughtstream.config import AgentsConfig
from thoughtstream.coordination.batch import Batch
from thoughtstream.coordination.index import Due, Index, When
from thoughtstream.coordination.library import LIBRARY
from thoughtstream.errors import AgentHeld, AgentSuperseded, AgentUnknown, InvalidTask
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors
from thoughtstream.store.functions import Call

Activity = Literal["idle", "working", "offline"]

_QUEUE = {family.name: family for family in keys.QUEUE}
_INBOX = (_QUEUE["waiting"], _QUEUE["leases"], _QUEUE["ledger"])
_INBOXES = "agent_status:"
_SWEEPERS = 10
"""So many of all agents sweep with a beat: together a few times a second, however many they are."""

_LEAST_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """What an agent's status says. `last_seen`: ms since 1970; `inbox`: counts of its messages;
    `about`: what else it says of itself.
    """

    id: str
    state: Activity
    task: str | None
    skills: tuple[str, ...]
    version: str
    last_seen: int
    inbox: dict[str, int] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "AgentStatus | None":
        """The status as it stands in Redis; None: no agent has written it."""
        try:
            said = json.loads(text)
            own = {one.name: said.pop(one.name) for one in fields(cls) if one.name in said}
            return cls(**own | {"skills": tuple(own["skills"]), "about": said})
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is an agent: its name, the process or person that holds it, the fence; what it can do;
    how long a lease of it is.
    """

    name: str
    holder: str
    fence: int
    skills: tuple[str, ...]
    lease_ms: int


def inbox_of(name: str) -> str:
    """The name of an agent's inbox, a queue.

    Its keys have the agent's status as hash tag, so that they are where the status is.
    """
    return f"{_INBOXES}{name}"


def is_inbox(queue: str) -> bool:
    """Whether a queue is an agent's inbox."""
    return queue.startswith(_INBOXES)


def agent_key(family: keys.Family, name: str) -> str:
    """A key of an agent.

    Raises:
        InvalidTask: the name is empty or too long.
    """
    try:
        keys.WAITING.key(queue=inbox_of(name))
        return family.key(id=keys.encode_name(name))
    except ValueError as error:
        raise InvalidTask(f"agent: {error}") from None


class Agents:
    """All agents. Errors beside those that are named: RedisUnavailable."""

    def __init__(self, redis: Client, config: AgentsConfig) -> None:
        self._redis = redis
        self._config = config
        self._lease_ms = config.lease_s * 1000
        self._beat_ms = round(config.beat_s * 1000)
        self._index = Index(redis, keys.AGENTS.key(), self._lease_ms)
        self._offline_ms = config.offline_ttl_s * 1000
        farthest_ms = max(self._offline_ms, config.left_ttl_s * 1000)
        self._old = Index(redis, keys.AGENTS_OLD.key(), farthest_ms)
        self._beats = Batch(redis, LIBRARY)
        self._share = 1.0

    async def register(
        self,
        name: str,
        skills: Sequence[str],
        *,
        holder: str = "",
        takeover: bool = False,
        about: Mapping[str, Any] | None = None,
        lease_ms: int | None = None,
    ) -> Identity:
        """Be this agent, for the time of a lease. Without a holder, anyone may be it next.

        `about`: what else its status says. `lease_ms`: unless it is that of all.

        Raises:
            AgentHeld: it is alive, held by another, and not to be taken over.
            InvalidTask: the name is empty or too long.
        """
        lease_ms = lease_ms or self._lease_ms
        args = holder, lease_ms, int(takeover), _about(name, skills, about or {})
        where = _keys_of(name)
        with typed_errors():
            # First the index: what is registered must be looked at, the reverse does no harm.
            await self._index.note((name, self._lease_ms - self._beat_ms))
            said, *rest = await LIBRARY.call(self._redis, "agent_register_1", where, args)
            if said == "held":
                raise AgentHeld(
                    f"{name}: is held by {rest[0]}, whose lease goes on for {rest[1] / 1000:.1f} s;"
                    " choose another name, wait, or take it over (takeover=True)"
                )
        return Identity(name, holder, int(rest[0]), tuple(skills), lease_ms)

    async def beat(
        self,
        who: Identity,
        state: Activity = "idle",
        task: str | None = None,
        *,
        about: Mapping[str, Any] | None = None,
        sweep: bool = True,
    ) -> None:
        """Renew the lease and say what it does, and what else it has to say (`about`, if it is
        another than before); with `sweep`, sometimes, look after the others, too.

        Raises:
            AgentSuperseded: another is this agent now, or it was made to leave.
            AgentUnknown: it is not registered: Redis has lost it.
        """
        if state not in get_args(Activity):
            raise InvalidTask(f"state: is {state!r}; give one of {', '.join(get_args(Activity))}")
        lease_ms = 0 if state == "offline" else who.lease_ms
        args: list[Any] = [who.holder, who.fence, lease_ms, state, json.dumps(task)]
        if about is not None:
            args.append(_about(who.name, who.skills, about))
        with typed_errors():
            said = await self._beats.call(("agent_beat_1", _keys_of(who.name), args))
        if said == "unknown":
            raise AgentUnknown(f"{who.name}: is not registered (any more); join again")
        if said != "ok":
            why = "another has taken the name over" if said == "superseded" else "it was made leave"
            raise AgentSuperseded(f"{who.name}: {why}; stop, or join under another name")
        if sweep and state != "offline" and random.random() < self._share:
            await self.sweep(who.name)

    async def leave(self, name: str) -> bool:
        """The agent is no longer there; its status says so for a day. False: there is no such one.

        What was sent to it stays, for whoever joins under the name next.
        """
        where = _keys_of(name)
        with typed_errors():
            await self._old.note((name, self._config.left_ttl_s * 1000))
            was_there = await LIBRARY.call(self._redis, "agent_leave_1", where, ())
            await self._index.note((name, 0))  # unless it is back by then, a sweep takes it off
        return bool(was_there)

    async def status(self, name: str) -> AgentStatus | None:
        """An agent as it is now; None: it is not registered."""
        found = await self.statuses([name])
        return found[0] if found else None

    async def all(self) -> list[AgentStatus]:
        """All agents that are registered, as they are now, by name."""
        with typed_errors():
            names = await self._index.names()
        return await self.statuses(sorted(names))

    async def statuses(self, names: Iterable[str]) -> list[AgentStatus]:
        """Those of these that are registered, as they are now."""
        calls: list[Call] = [("agent_look_1", _keys_of(name), ()) for name in names]
        with typed_errors():
            answers = await LIBRARY.call_all(self._redis, calls, read_only=True)
        return _statuses(answers)

    async def old(self) -> list[AgentStatus]:
        """Those that left, or went offline, as long as their status says so."""
        with typed_errors():
            pipe: Any = self._redis.pipeline(transaction=False)
            for name in sorted(await self._old.names()):
                pipe.get(agent_key(keys.AGENT_STATUS, name))
            said = await pipe.execute()
        return _statuses(said)

    async def leases(self, names: Iterable[str]) -> list[int]:
        """For how long the lease of each goes on (ms); 0: it is over, or there is no such agent."""
        calls: list[Call] = [
            ("agent_lease_1", [agent_key(keys.AGENT_STATE, name)], ()) for name in names
        ]
        with typed_errors():
            return list(await LIBRARY.call_all(self._redis, calls)) if calls else []

    async def sweep(self, me: str | None = None) -> None:
        """Look at the agents that are due: who is silent for too long goes offline. `me`: an agent
        that is surely alive.
        """
        surely = (me, self._lease_ms - self._beat_ms) if me else None
        with typed_errors():
            due = await self._index.due(surely=surely)
            self._share = max(_SWEEPERS / max(due.total, 1), _LEAST_SHARE)
            alive = await self._alive(due)
            rest = [name for name in due.names if name not in alive]
            calls: list[Call] = [
                ("agent_settle_1", _keys_of(name), (self._beat_ms,)) for name in rest
            ]
            answers = await LIBRARY.call_all(self._redis, calls)
            whens = dict(zip(rest, map(_when, answers), strict=True))
            offline = [name for name, when in whens.items() if when == "never"]
            await self._old.note(*((name, self._offline_ms) for name in offline))
            await self._index.note(*(alive | whens).items(), after=due)
            await self._forget()

    async def _alive(self, due: Due) -> dict[str, When]:
        """Of those that are due who has beaten lately, and when to look again: most, by a look that
        costs Redis little.
        """
        pipe: Any = self._redis.pipeline(transaction=False)
        for name in due.names:
            pipe.hmget(agent_key(keys.AGENT_STATE, name), "ends", "skew")
        answers = await pipe.execute() if due.names else ()
        found = dict[str, When]()
        for name, (ends, skew) in zip(due.names, answers, strict=True):
            left_ms = int(ends or 0) - due.now - int(skew or 0) - self._beat_ms
            if 0 < left_ms <= self._lease_ms:
                found[name] = left_ms
        return found

    async def rebuild(self) -> int:
        """Make the index anew from the agents there are; returns how many. SCANs."""
        with typed_errors():
            found = await self._redis.find(keys.AGENT_STATE.glob)
            names = [keys.decode_name(keys.id_of(keys.AGENT_STATE, key)) for key in found]
            await self._index.note(*((name, 0) for name in names))
        return len(names)

    async def _forget(self) -> None:
        """Nothing is left of those that left, or went offline, long ago."""
        due = await self._old.due()
        calls: list[Call] = [
            ("agent_forget_2", _keys_of(name), (self._offline_ms,)) for name in due.names
        ]
        answers = await LIBRARY.call_all(self._redis, calls)
        await self._old.note(*zip(due.names, map(_when, answers), strict=True), after=due)


def _statuses(texts: Iterable[str | None]) -> list[AgentStatus]:
    found = (AgentStatus.parse(text) for text in texts if text)
    return [status for status in found if status is not None]


def _about(name: str, skills: Sequence[str], about: Mapping[str, Any]) -> str:
    """What the status begins with: the inside of a JSON object."""
    said = {"id": name, "skills": [*skills], "version": version("thoughtstream"), **about}
    return json.dumps(said, separators=(",", ":"))[1:-1]


def _keys_of(name: str) -> list[str]:
    own = (keys.AGENT_STATUS, keys.AGENT_STATE, keys.AGENT_PAST)
    inbox = (family.key(queue=inbox_of(name)) for family in _INBOX)
    return [agent_key(family, name) for family in own] + [*inbox]


def _when(answer: str) -> When:
    return answer if answer in ("never", "gone") else int(answer)  # type: ignore[return-value]
