"""A member of the colony: an agent while it is there."""

import os
import socket
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from thoughtstream import keys
from thoughtstream.config import Settings
from thoughtstream.coordination.agents import Activity, Agents
from thoughtstream.coordination.handle import Handle
from thoughtstream.coordination.keeping import kept
from thoughtstream.coordination.messages import Inbox, Message, send
from thoughtstream.coordination.reserve import Reservation, Reservations
from thoughtstream.errors import AgentHeld, AgentSuperseded, AgentUnknown, ThoughtstreamError
from thoughtstream.store.client import Client
from thoughtstream.store.shields import undisturbed

if TYPE_CHECKING:  # they need numpy, which is an extra
    from thoughtstream.inference.choosing import World
    from thoughtstream.learning.lineage import Lineage
    from thoughtstream.learning.models import Belief, Choice, Observed


class Member:
    """One agent, for as long as it is joined; `Colony.join` makes one."""

    def __init__(
        self,
        redis: Client,
        settings: Settings,
        agents: Agents,
        name: str,
        skills: Sequence[str],
        about: Mapping[str, Any],
    ) -> None:
        self.name = name
        self._inbox = Inbox(redis, name, settings.queue)
        self._redis = redis
        self._settings = settings
        self._agents = agents
        self._skills = skills
        self._about = about
        self._holder = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._task: str | None = None
        self._learns: Lineage | None = None

    @property
    def fence(self) -> int:
        """Higher than that of whoever was this agent before."""
        return self._who.fence

    async def join(self, *, takeover: bool) -> None:
        """Register.

        Raises:
            AgentHeld: it is held by another who is alive.
        """
        self._who = await self._agents.register(
            self.name, self._skills, holder=self._holder, takeover=takeover, about=self._about
        )

    async def beat(self) -> None:
        """Renew the lease. Where Redis has lost the agent, it registers again.

        Raises:
            AgentSuperseded: another is this agent now.
        """
        state: Activity = "idle" if self._task is None else "working"
        try:
            await self._agents.beat(self._who, state, self._task)
        except AgentUnknown:
            try:
                await self.join(takeover=False)
            except AgentHeld as error:
                raise AgentSuperseded(str(error)) from None

    async def rest(self) -> None:
        """Be offline from now on."""
        await self._agents.beat(self._who, "offline")

    @asynccontextmanager
    async def working(self, task: str) -> AsyncIterator[None]:
        """Say that it works on this, for as long as the context goes on."""
        self._task = task
        await self.beat()
        try:
            yield
        finally:
            self._task = None
            await undisturbed(self.beat())

    async def send(self, to: str, text: str) -> Handle:
        """As `Colony.send`, from this agent."""
        return await send(self._redis, self._settings.queue, self.name, to, text)

    async def inbox(self, most: int = 1, *, wait_s: float = 0) -> list[Message]:
        """Take out up to so many messages, the oldest first; waits for the first, if told so."""
        return await self._inbox.take(most, wait_s=wait_s)

    async def observe(
        self, quantity: str, value: float, *, lineage: str | None = None
    ) -> "Observed":
        """It has observed a value of a quantity; as `Lineage.observe`. Needs the extra `colony`.

        `lineage`: by default that of its mind, or else `default`.
        """
        return await self._lineage(lineage).observe(self.name, quantity, value)

    async def believes(self, quantity: str, *, lineage: str | None = None) -> "Belief":
        """What it believes of a quantity; as `Lineage.believes`. Needs the extra `colony`."""
        return await self._lineage(lineage).believes(quantity, self.name)

    async def choose(
        self, name: str, world: "World", seen: int, *, steps: int = 1, anew: bool = False
    ) -> "Choice":
        """See this in a world, and choose what to do; as `Choices.choose`. Needs the extra
        `colony`.
        """
        from thoughtstream.learning.choices import Choices

        choices = Choices(self._redis, self.name, self._settings.inference)
        return await choices.choose(name, world, seen, steps=steps, anew=anew)

    def _lineage(self, name: str | None) -> "Lineage":
        from thoughtstream.learning.lineage import Lineage

        own = name or self._about.get("lineage") or keys.DEFAULT_LINEAGE
        if self._learns is None or self._learns.name != own:
            self._learns = Lineage(self._redis, own, self._settings.inference)
        return self._learns

    def reserve(
        self, name: str, *, wait_s: float | None = None
    ) -> AbstractAsyncContextManager[Reservation]:
        """As `Colony.reserve`, by this agent."""
        reservations = Reservations(self._redis, self._settings.agents)
        return reservations.reserve(name, by=self.name, wait_s=wait_s)


@asynccontextmanager
async def joined(
    redis: Client,
    settings: Settings,
    agents: Agents,
    name: str,
    skills: Sequence[str],
    *,
    takeover: bool,
    about: Mapping[str, Any],
) -> AsyncIterator[Member]:
    """Be an agent for as long as the context goes on."""
    member = Member(redis, settings, agents, name, skills, about)
    await member.join(takeover=takeover)
    try:
        async with kept(member.beat, settings.agents.beat_s):
            yield member
    finally:
        with suppress(ThoughtstreamError):
            await undisturbed(member.rest())
