"""The agent that a session is among others: what it holds, it holds for as long as it lives."""

import asyncio
from collections.abc import Sequence

import structlog

from thoughtstream.colony import Colony
from thoughtstream.coordination.agents import AgentStatus, inbox_of, is_inbox
from thoughtstream.coordination.member import Member
from thoughtstream.coordination.membership import SKILL
from thoughtstream.coordination.messages import Message
from thoughtstream.coordination.models import Claim, NewTask, TaskState
from thoughtstream.coordination.queue import Queue
from thoughtstream.coordination.reserve import Reservation
from thoughtstream.coordination.taking import taken
from thoughtstream.errors import AgentHeld, InvalidTask, TaskUnknown, ThoughtstreamError
from thoughtstream.faces.mcp.claims import Claims
from thoughtstream.faces.mcp.kept import Kept
from thoughtstream.sleep_schedule import QUEUE as SLEEP

log = structlog.get_logger()


class NotJoined(ThoughtstreamError):
    """What only an agent can do, by a session that is none yet."""


class Agent:
    """One session, as an agent. `usual_name`: whom it is unless it joins under another name."""

    def __init__(self, colony: Colony, usual_name: str | None = None) -> None:
        self._colony = colony
        self._usual_name = usual_name
        self._joining = asyncio.Lock()
        self._member: Kept[Member] | None = None
        self._claims = Claims()
        self._reserved = dict[str, Kept[Reservation]]()
        self._answered = list[str]()
        self._cut = list[str]()

    @property
    def name(self) -> str | None:
        """Who it is; None: nobody yet."""
        return self._member.value.name if self._member else self._usual_name

    async def begin(self) -> None:
        """Join under the usual name, if there is one. Where it is held by another, each call tries
        again.

        Raises:
            InvalidTask: it can be none. NotJoined: it is empty.
        """
        if self._usual_name is not None:
            try:
                await self.join(self._usual_name, ())
            except AgentHeld as error:
                log.warning("mcp.not_joined", error=str(error))

    async def join(self, name: str | None, skills: Sequence[str]) -> Member:
        """Be this agent from now on.

        Raises:
            NotJoined: there is no name. AgentHeld: it is held by another who is alive.
            InvalidTask: it can be none, or this session is another agent.
        """
        async with self._joining:
            if self._member is not None and self._member.lost is None:
                if name in (None, self._member.value.name):
                    return self._member.value
                raise InvalidTask(f"name: this session is {self._member.value.name!r} already")
            name = name or self._usual_name
            if not name:
                raise NotJoined("name: is missing; `join` with a name of your own, like alice")
            self._member = await Kept.entered(self._colony.join(name, skills=skills))
            return self._member.value

    async def member(self) -> Member:
        """This session as an agent. It has said something since its last answer: so the messages in
        that have reached it, and are read.

        Raises:
            NotJoined: it is none yet. AgentSuperseded, ReservationLost: something was lost
            meanwhile; this is said once.
        """
        if self._member is not None and (error := self._member.lost):
            self._member = None
            raise error
        answered, self._answered = self._answered, []
        await self._claims.read(answered)
        for name, kept in list(self._reserved.items()):
            if error := kept.lost:
                del self._reserved[name]
                raise error
        return await self.join(None, ())

    async def others(self) -> list[AgentStatus]:
        """All agents that are registered, but for services."""
        return [one for one in await self._colony.agents() if SKILL not in one.skills]

    async def inbox(self, most: int, wait_s: float) -> list[Message]:
        """Take messages out; `give_back` or `hold` says what becomes of each."""
        member = await self.member()
        cut, self._cut = self._cut, []
        await self._claims.read(cut)
        return await member.inbox(most, wait_s=wait_s)

    def hold(self, message: Message, *, is_cut: bool) -> None:
        """Hold a message that is in an answer until the next call, and if it is cut there, until
        the inbox is asked for again, so that all of it can be read; then it is read.
        """
        assert self.name is not None
        (self._cut if is_cut else self._answered).append(message.claim.id)
        self._claims.hold(self._colony.inbox_queue(self.name), message.claim)

    async def offer(self, queue: str, task: NewTask) -> str:
        """Submit a task; returns its id."""
        await self.member()
        [id_] = await self._queue(queue).submit(task)
        return id_

    async def take(self, queue: str, wait_s: float) -> Claim | None:
        """Claim a task, and hold it while this session lives."""
        await self.member()
        found = self._queue(queue)
        claims = await taken(found, self._claims.me, 1, wait_s)
        for claim in claims:
            self._claims.hold(found, claim)
        return claims[0] if claims else None

    async def end(self, id: str, verb: str, text: str) -> None:
        """Say what became of a task that it took."""
        await self.member()
        await self._claims.end(id, verb, text)

    async def task_state(self, queue: str, id: str) -> TaskState:
        """Where a task is, or a message that this agent took out.

        Raises:
            TaskUnknown: there is no such task (any more). InvalidTask: it is not for this agent.
        """
        if queue == inbox_of(self.name or ""):
            state = await self._colony.inbox_queue(self.name or "").look(id)
        else:
            state = await self._queue(queue).look(id)
        if state is None:
            raise TaskUnknown(f"{id}: {queue} does not know this task (any more)")
        return state

    async def reserve(self, name: str, wait_s: float) -> Reservation:
        """Have a name for itself, while this session lives."""
        member = await self.member()
        if name not in self._reserved:
            self._reserved[name] = await Kept.entered(member.reserve(name, wait_s=wait_s))
        return self._reserved[name].value

    async def release(self, name: str) -> bool:
        """Free a name that it has; False: it has it not."""
        await self.member()
        kept = self._reserved.pop(name, None)
        if kept is None:
            return False
        await kept.let_go()
        return True

    async def leave(self) -> None:
        """Give everything back, and be offline."""
        async with self._joining:
            await self._claims.leave()
            for kept in self._reserved.values():
                await kept.let_go()
            self._reserved.clear()
            if self._member is not None:
                await self._member.let_go()
                self._member = None

    def _queue(self, name: str) -> Queue:
        if is_inbox(name) or name == SLEEP:
            raise InvalidTask(f"queue: {name!r} is not for tasks of agents; choose another name")
        return self._colony.queue(name)
