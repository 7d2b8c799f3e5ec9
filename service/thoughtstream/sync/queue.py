"""Queues and their tasks, without async."""

from thoughtstream.coordination import handle, queue
from thoughtstream.sync.twins import Twin, blocking


class Queue(Twin[queue.Queue]):
    """One queue; see `thoughtstream.coordination.queue.Queue`."""

    @property
    def name(self) -> str:
        """Its name."""
        return self._it.name

    submit = blocking(queue.Queue.submit)
    round = blocking(queue.Queue.round)
    cancel = blocking(queue.Queue.cancel)
    replay = blocking(queue.Queue.replay)
    answer = blocking(queue.Queue.answer)
    audit = blocking(queue.Queue.audit)
    look = blocking(queue.Queue.look)
    look_and_wait = blocking(queue.Queue.look_and_wait)
    listen = blocking(queue.Queue.listen)
    ring = blocking(queue.Queue.ring)


class Handle(Twin[handle.Handle]):
    """A task that was submitted."""

    @property
    def queue(self) -> Queue:
        """Where."""
        return Queue(self._caller, self._it.queue)

    @property
    def id(self) -> str:
        """Its id there."""
        return self._it.id

    state = blocking(handle.Handle.state)
    ended = blocking(handle.Handle.ended)
    result = blocking(handle.Handle.result)
    cancel = blocking(handle.Handle.cancel)
