"""Colony, without async."""

import asyncio
import threading
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from thoughtstream import colony, keys
from thoughtstream.config import Settings
from thoughtstream.coordination.tasks import TaskQueue
from thoughtstream.sync.agents import Member, Message
from thoughtstream.sync.cache import GenerationCache, Scratch
from thoughtstream.sync.queue import Handle, Queue
from thoughtstream.sync.twins import Opening, Twin, being, blocking, giving, holding

if TYPE_CHECKING:  # they need numpy, which is an extra
    from thoughtstream.sync.learning import Choices, Lineage


class Colony(Twin[colony.Colony]):
    """What agents and programs share, as `thoughtstream.Colony` is; `connect` makes one. Any thread
    may use it.

    The body of `with` can't be cut off from outside. Where a reservation is lost, that is raised at
    its end: a body that goes on for long should let what it writes to check the fence.
    """

    @classmethod
    def connect(
        cls, url: str | None = None, *, settings: Settings | None = None
    ) -> AbstractContextManager["Colony"]:
        """The colony at `url`, else at the settings' URL, else in the home's embedded Redis.

        Raises:
            ConfigError: a setting is wrong; RedisUnavailable: nothing answers there. NotConnected:
            the `with` is missing.
        """
        return Opening(lambda: colony.Colony.connect(url, settings=settings), cls)

    @property
    def cache(self) -> GenerationCache:
        """Results that were expensive to compute."""
        return GenerationCache(self._caller, self._it.cache)

    @property
    def scratch(self) -> Scratch:
        """Temporary state."""
        return Scratch(self._caller, self._it.scratch)

    def queue(self, name: str) -> Queue:
        """A queue by its name; it is there as soon as something is submitted.

        Raises:
            InvalidTask: the name is empty or too long.
        """
        return Queue(self._caller, self._it.queue(name))

    def lineage(self, name: str = keys.DEFAULT_LINEAGE) -> "Lineage":
        """What the agents of a lineage learn. Needs the extra `colony`.

        Raises:
            ConfigError: numpy is missing. InvalidBelief: the name is empty or too long.
        """
        it = self._it.lineage(name)
        from thoughtstream.sync.learning import Lineage

        return Lineage(self._caller, it)

    def choices(self, agent: str) -> "Choices":
        """The choices of an agent. Needs the extra `colony`.

        Raises:
            ConfigError: numpy is missing. InvalidBelief: the name is empty or too long.
        """
        it = self._it.choices(agent)
        from thoughtstream.sync.learning import Choices

        return Choices(self._caller, it)

    queues = blocking(colony.Colony.queues)
    submit = giving(colony.Colony.submit, Handle)
    join = being(colony.Colony.join, Member)
    register = blocking(colony.Colony.register)
    leave = blocking(colony.Colony.leave)
    agent = blocking(colony.Colony.agent)
    agents = blocking(colony.Colony.agents)
    rebuild_index = blocking(colony.Colony.rebuild_index)
    send = giving(colony.Colony.send, Handle)
    inbox = giving(colony.Colony.inbox, Message.all)
    reserve = holding(colony.Colony.reserve)
    hold = blocking(colony.Colony.hold)
    release = blocking(colony.Colony.release)
    reservations = blocking(colony.Colony.reservations)
    subscribe = blocking(colony.Colony.subscribe)
    unsubscribe = blocking(colony.Colony.unsubscribe)
    packet = blocking(colony.Colony.packet)
    dispatch = blocking(colony.Colony.dispatch)

    def work(
        self,
        tasks: TaskQueue,
        stop: threading.Event,
        *,
        slots: int = 32,
        name: str | None = None,
    ) -> None:
        """Work on these tasks until `stop` is set and what is under way has ended. Plain functions
        run in threads, as many as there are slots; what runs by itself is submitted, too. Ctrl-C
        drops what is under way: it goes back when the leases end.
        """

        async def work() -> None:
            loop, stopping = asyncio.get_running_loop(), asyncio.Event()

            def pass_on() -> None:
                stop.wait()
                if not loop.is_closed():
                    loop.call_soon_threadsafe(stopping.set)

            threading.Thread(target=pass_on, daemon=True).start()
            await self._it.work(tasks, stopping, slots=slots, name=name)

        self._caller.run(work())
