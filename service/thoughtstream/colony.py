"""Colony: the Python API of coordination.

async with Colony.connect() as colony:
    handle = await colony.submit(send.with_args("ana@example.org"), delay_s=60)
    print(await handle.result())
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from thoughtstream import config, keys
from thoughtstream.config import Durability, Settings
from thoughtstream.coordination.agents import Agents, AgentStatus
from thoughtstream.coordination.cache import GenerationCache, Scratch
from thoughtstream.coordination.delivery import Delivery, Packets
from thoughtstream.coordination.handle import Handle
from thoughtstream.coordination.member import Member, joined
from thoughtstream.coordination.messages import Inbox, Message, inbox_queue, send
from thoughtstream.coordination.models import QueueAudit
from thoughtstream.coordination.packets import Packet
from thoughtstream.coordination.queue import Queue
from thoughtstream.coordination.queues import Queues
from thoughtstream.coordination.reserve import Reservation, Reservations
from thoughtstream.coordination.running import Runner
from thoughtstream.coordination.schedule import keep_schedule
from thoughtstream.coordination.tasks import Call, TaskQueue
from thoughtstream.coordination.worker import Worker
from thoughtstream.embodied import check, embodied
from thoughtstream.errors import AgentUnknown
from thoughtstream.home.home import url_of
from thoughtstream.store.client import Client
from thoughtstream.store.connection import open_client
from thoughtstream.tracing.choosing import traces

if TYPE_CHECKING:  # they need numpy, which is an extra
    from thoughtstream.learning.choices import Choices
    from thoughtstream.learning.lineage import Lineage


class Colony:
    """What agents and programs share on one Redis. `connect` makes one."""

    def __init__(self, redis: Client, settings: Settings) -> None:
        self.redis = redis
        self._settings = settings
        self._agents = Agents(redis, settings.agents)
        self._reservations = Reservations(redis, settings.agents)
        self._traces = traces(settings.traces)
        self._queues = Queues(redis, settings.queue, self._traces)
        self._packets = Packets(redis, settings.queue)
        self.cache = GenerationCache(redis, settings.cache)
        self.scratch = Scratch(redis, settings.cache)

    @classmethod
    @asynccontextmanager
    async def connect(
        cls, url: str | None = None, *, settings: Settings | None = None
    ) -> AsyncIterator["Colony"]:
        """The colony at `url`, else at the settings' URL, else in the home's embedded Redis.

        Raises:
            ConfigError: a setting is wrong; RedisUnavailable: nothing answers there.
        """
        settings = settings or config.load()
        traces(settings.traces)  # refused before anything connects
        address = url or settings.redis.url or url_of(settings.home)
        redis = await open_client(settings.redis, address, waits=True)
        colony = cls(redis, settings)
        try:
            yield colony
        finally:
            await colony.cache.aclose()
            await redis.aclose()

    def queue(self, name: str) -> Queue:
        """A queue by its name; it is there as soon as something is submitted.

        Raises:
            InvalidTask: the name is empty or too long.
        """
        return self._queues.queue(name)

    def inbox_queue(self, name: str) -> Queue:
        """The queue that an agent's inbox is.

        Raises:
            InvalidTask: the name is empty or too long.
        """
        return inbox_queue(self.redis, name, self._settings.queue)

    async def queues(self, *, rebuild: bool = False) -> dict[str, QueueAudit]:
        """The books of every queue into which something was submitted, by name.

        `rebuild`: look through all keys first, for queues that the list of them lacks.
        """
        if rebuild:
            await self._queues.rebuild()
        return await self._queues.audits()

    async def submit(
        self,
        call: Call,
        *,
        delay_s: float = 0,
        key: str = "",
        priority: int | None = None,
        durability: Durability = "memory",
    ) -> Handle:
        """Have a worker run a function: not before `delay_s`, once for each `key`.

        Raises: as `Queue.submit`.
        """
        queue = self.queue(call.queue)
        task = call.task(delay_s=delay_s, key=key, priority=priority)
        [id_] = await queue.submit(task, durability=durability)
        return Handle(queue, id_)

    def join(
        self,
        name: str,
        *,
        skills: Sequence[str] = (),
        takeover: bool = False,
        mind: str | None = None,
        lineage: str | None = None,
    ) -> AbstractAsyncContextManager[Member]:
        """Be an agent for as long as the context goes on; afterwards it is offline, and stays
        known.

        `mind`: the agent's own; meanwhile, the strongest of the packets in its inbox becomes a
        thought there. `lineage`: what this mind anchors as semantic is shared with the others of
        it, and theirs with this one, also what came while nobody was joined.

        Raises:
            InvalidTask: a name can be none; a lineage without a mind.
            AgentHeld: it is held by another who is alive; `takeover` takes it from him.
            AgentSuperseded: another took it over; the body was cancelled.
        """
        about = check(mind, lineage)
        known = self.redis, self._settings, self._agents
        member = joined(*known, name, skills, takeover=takeover, about=about)
        if mind is None:
            return member
        return embodied(self.redis, self._settings, member, mind, lineage)

    async def register(self, name: str, skills: Sequence[str] = ()) -> AgentStatus:
        """Register an agent that no program holds, for the time of a lease; again, to renew it.

        Raises:
            AgentHeld: a program holds it. InvalidTask: the name is empty or too long.
        """
        await self._agents.register(name, skills)
        status = await self._agents.status(name)
        if status is None:
            raise AgentUnknown(f"{name}: was made to leave just as it registered; join again")
        return status

    async def leave(self, name: str) -> bool:
        """The agent is no longer one; its status says so for a day. False: there is no such one."""
        return await self._agents.leave(name)

    async def agents(self) -> list[AgentStatus]:
        """All agents that are registered, as they are now, by name."""
        return await self._agents.all()

    async def agent(self, name: str) -> AgentStatus | None:
        """One agent, as it is now, or was when it left; None: there is no such one.

        Raises:
            InvalidTask: the name is empty or too long.
        """
        return await self._agents.status(name)

    async def rebuild_index(self) -> int:
        """Have `agents` show all there are, where Redis has lost its index; looks through all keys.

        Returns how many.
        """
        return await self._agents.rebuild()

    async def send(self, sender: str, to: str, text: str) -> Handle:
        """Send a message to an agent's inbox; the handle says when it was read, and the answer.

        Raises:
            AgentUnknown: there is no such agent. QueueFull: its inbox is full. InvalidTask: the
            text is too large.
        """
        return await send(self.redis, self._settings.queue, sender, to, text)

    async def inbox(self, name: str, most: int = 1, *, wait_s: float = 0) -> list[Message]:
        """Take up to so many messages out of an agent's inbox, the oldest first. What is not
        `read` within a lease (queue.lease_s) is back there.
        """
        return await Inbox(self.redis, name, self._settings.queue).take(most, wait_s=wait_s)

    def reserve(
        self, name: str, *, by: str, wait_s: float | None = None
    ) -> AbstractAsyncContextManager[Reservation]:
        """Have a name (of a file, a branch, a port) to oneself for as long as the context goes on.
        Waits while another has it, `wait_s` at most.

        Raises:
            Reserved: another has it all this time.
            ReservationLost: Redis was away for too long; the body was cancelled.
        """
        return self._reservations.reserve(name, by=by, wait_s=wait_s)

    async def hold(
        self, name: str, *, by: str, for_s: float, wait_s: float | None = 0
    ) -> Reservation:
        """Have a name for so long, without a program that goes on; again by the same, to renew it.

        Raises:
            Reserved: another has it.
        """
        return await self._reservations.hold(name, by=by, for_s=for_s, wait_s=wait_s)

    async def release(self, name: str, *, by: str | None = None) -> Reservation | None:
        """Free a name, if `by` has it, else whoever does; returns what it was. A program that has
        it ends within a heartbeat.
        """
        return await self._reservations.release(name, by=by)

    async def reservations(self) -> list[Reservation]:
        """What is reserved just now, by name."""
        return await self._reservations.all()

    async def subscribe(self, name: str, *domains: str) -> None:
        """An agent gets the packets of these domains from now on."""
        await self._packets.subscribe(name, *domains)

    async def unsubscribe(self, name: str, *domains: str) -> None:
        """An agent no longer gets the packets of these domains."""
        for domain in domains:
            await self._packets.unsubscribe(domain, name)

    async def packet(self, id: str) -> Packet | None:
        """A packet by its id; None: there is none, or it is over a day old."""
        return await self._packets.look(id)

    async def dispatch(self, packet: Packet) -> Delivery:
        """Put a packet into the inboxes of its targets and of who subscribed to its domain.

        Raises: as `Packets.dispatch`.
        """
        return await self._packets.dispatch(packet)

    def lineage(self, name: str = keys.DEFAULT_LINEAGE) -> "Lineage":
        """What the agents of a lineage learn. Needs the extra `colony`.

        Raises:
            ConfigError: numpy is missing. InvalidBelief: the name is empty or too long.
        """
        from thoughtstream.learning.lineage import Lineage

        return Lineage(self.redis, name, self._settings.inference)

    def choices(self, agent: str) -> "Choices":
        """The choices of an agent. Needs the extra `colony`.

        Raises:
            ConfigError: numpy is missing. InvalidBelief: the name is empty or too long.
        """
        from thoughtstream.learning.choices import Choices

        return Choices(self.redis, agent, self._settings.inference)

    async def work(
        self,
        tasks: TaskQueue,
        stop: asyncio.Event,
        *,
        slots: int = 32,
        name: str | None = None,
    ) -> None:
        """Work on these tasks until `stop` is set and what is under way has ended. Plain functions
        run in threads, as many as there are slots; what runs by itself is submitted, too.
        """
        queue = self.queue(tasks.name)
        with ThreadPoolExecutor(slots) as threads:
            runner = Runner(tasks, queue, threads, self._traces)
            worker = Worker(queue, runner.run, slots=slots, name=name)
            runner.say_progress = worker.say_progress
            schedule = asyncio.create_task(keep_schedule(queue, tasks))
            stopping = asyncio.create_task(_stop(worker, stop))
            try:
                await worker.work()
            finally:
                schedule.cancel()
                stopping.cancel()


async def _stop(worker: Worker, stop: asyncio.Event) -> None:
    await stop.wait()
    worker.stop()
