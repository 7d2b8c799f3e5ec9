"""The tasks and messages that an agent holds: their leases are renewed while its session lives."""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Sequence

import structlog

from thoughtstream.coordination.models import Claim, Report
from thoughtstream.coordination.queue import Queue
from thoughtstream.errors import InvalidTask, RedisUnavailable, ThoughtstreamError

_RETRY_S = 0.5

log = structlog.get_logger()


class Claims:
    """What one session holds, by the id of the task."""

    def __init__(self) -> None:
        self.me = uuid.uuid4().hex
        self._held = dict[str, tuple[Queue, Claim]]()
        self._renewing: asyncio.Task[None] | None = None

    def hold(self, queue: Queue, claim: Claim) -> None:
        """Renew it from now on."""
        self._held[claim.id] = queue, claim
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew())

    async def end(self, id: str, verb: str, text: str) -> None:
        """Say what became of a task: done, dead or release.

        Raises:
            InvalidTask: this session does not hold it (any more).
        """
        if id not in self._held:
            holds = ", ".join(self._held) or "none"
            raise InvalidTask(f"task: {id!r} is not yours (any more); you hold {holds}")
        queue, claim = self._held[id]
        round_ = await queue.round(self.me, [Report(claim, verb, text)])
        self._held.pop(id, None)
        if round_.lost:
            raise InvalidTask(f"task: {id!r} is not yours any more; it may be another's by now")

    async def read(self, ids: Sequence[str]) -> None:
        """These messages of one inbox were read. What is lost by now is not: it comes again."""
        held = [self._held.pop(id_) for id_ in ids if id_ in self._held]
        if held:
            queue, _ = held[0]
            await queue.round(self.me, [Report.done(claim, "null") for _, claim in held])

    async def leave(self) -> None:
        """Give all of it back: others may have it at once."""
        if self._renewing is not None:
            self._renewing.cancel()
        for queue, claim in self._held.values():
            try:
                await queue.round(self.me, [Report.release(claim)])
            except ThoughtstreamError as error:  # its lease ends by itself
                log.warning("mcp.not_given_back", task=claim.id, error=str(error))
        self._held.clear()

    async def _renew(self) -> None:
        while self._held:
            lease_s = min(queue.config.lease_s for queue, _ in self._held.values())
            await asyncio.sleep(lease_s * 0.45)
            by_queue = defaultdict[str, list[tuple[Queue, Claim]]](list)
            for queue, claim in self._held.values():
                by_queue[queue.name].append((queue, claim))
            for some in by_queue.values():
                await self._renew_in(some[0][0], [claim for _, claim in some])

    async def _renew_in(self, queue: Queue, claims: list[Claim]) -> None:
        while True:
            try:
                round_ = await queue.round(self.me, [Report.renew(claim) for claim in claims])
            except RedisUnavailable as error:
                log.warning("mcp.lease_waits", queue=queue.name, error=str(error))
                await asyncio.sleep(_RETRY_S)
                continue
            for id_ in round_.lost:
                log.warning("mcp.task_lost", queue=queue.name, task=id_)
                self._held.pop(id_, None)
            return
