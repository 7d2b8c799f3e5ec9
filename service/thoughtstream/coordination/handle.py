"""A task that was submitted, for whoever submitted it."""

import asyncio
import json
import uuid
from dataclasses import dataclass
from typing import Any

from thoughtstream.coordination.models import TaskState
from thoughtstream.coordination.queue import Queue
from thoughtstream.errors import TaskFailed, TaskUnknown

_LISTEN_S = 5.0


@dataclass(frozen=True)
class Handle:
    """One task."""

    queue: Queue
    id: str

    async def state(self) -> TaskState:
        """Where it is.

        Raises:
            TaskUnknown: it has ended, and its result is no longer kept.
        """
        return self._known(await self.queue.look(self.id))

    async def ended(self, timeout_s: float | None = None) -> TaskState:
        """Where it is when it has ended, or asks something.

        Raises:
            TimeoutError: it goes on for longer. TaskUnknown: as `state`.
        """
        listener = uuid.uuid4().hex
        async with asyncio.timeout(timeout_s):
            while True:
                state = self._known(await self.queue.look_and_wait(self.id, listener))
                if state.is_over or state.state == "input_required":
                    return state
                await self.queue.listen(listener, _LISTEN_S)

    async def result(self, timeout_s: float | None = None) -> Any:
        """What its function returned.

        Raises:
            TaskFailed: it failed for good, was canceled, or asks something (the message says).
            TimeoutError: it goes on for longer. TaskUnknown: its result is no longer kept.
        """
        state = await self.ended(timeout_s)
        if state.state == "completed":
            return json.loads(state.text) if state.text else None
        said = {"failed": state.text, "canceled": "was canceled"}
        asked = f"asks {state.text!r}: answer it (`thoughtstream tasks answer`)"
        raise TaskFailed(f"{self.id}: {said.get(state.state, asked)}")

    async def cancel(self) -> bool:
        """End it; False: it had ended."""
        return await self.queue.cancel(self.id)

    def _known(self, state: TaskState | None) -> TaskState:
        if state is None:
            raise TaskUnknown(
                f"{self.id}: {self.queue.name} does not know this task, or no longer keeps its "
                "result (queue.result_ttl_s, queue.results_bytes)"
            )
        return state
