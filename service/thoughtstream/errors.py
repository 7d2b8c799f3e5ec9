"""Errors, as types. Every message names what is wrong, and the cure."""


class ThoughtstreamError(Exception):
    """The root of all errors of this package."""


class ConfigError(ThoughtstreamError, ValueError):
    """The settings are wrong; the message names each field and what it should be."""


class InvalidThought(ThoughtstreamError, ValueError):
    """A thought, or a change to one, that cannot be accepted; nothing was written.

    `accepted`: of a call that wrote several, how many were written all the same, as only one
    window could take none.
    """

    accepted: int = 0


class RedisUnavailable(ThoughtstreamError):
    """Redis cannot be reached or does not answer; whether the last write was made is unknown."""


class WritesRefused(RedisUnavailable):
    """Redis cannot write to its disk and refuses every write; this one was not made."""


class SpoiltMind(ThoughtstreamError):
    """A key of this mind holds what Thoughtstream has not written; the message names the key."""


class MemoryFull(ThoughtstreamError):
    """Redis is at its `maxmemory`: new thoughts are refused, anchors and forgetting continue.

    `accepted`: how many thoughts of the same call had been written.
    """

    accepted: int = 0


class NotDurable(ThoughtstreamError):
    """A memory was anchored, but was not as durable as requested within the timeout.

    `id`: the thought that was anchored.
    """

    def __init__(self, message: str, id: str) -> None:
        super().__init__(message)
        self.id = id


class InvalidTask(ThoughtstreamError, ValueError):
    """A task, or a name, that can't be accepted; nothing was submitted."""


class QueueFull(ThoughtstreamError):
    """The queue has no room for these tasks; none of them was submitted."""


class QueueClosed(ThoughtstreamError):
    """Nobody is there for what this queue takes; nothing was submitted."""


class TaskFailed(ThoughtstreamError):
    """The task ended without a result: it failed for good, or was canceled."""


class TaskUnknown(ThoughtstreamError):
    """No such task is known, or its result is no longer kept."""


class InvalidValue(ThoughtstreamError, ValueError):
    """A value, a key or a time to live that the cache can't take, or no JSON where it looked."""


class AgentHeld(ThoughtstreamError):
    """The agent's name is held by somebody who is alive."""


class AgentSuperseded(ThoughtstreamError):
    """Somebody else is this agent now, or it has been made to leave."""


class AgentUnknown(ThoughtstreamError):
    """No agent of this name is registered; nothing was sent."""


class Reserved(ThoughtstreamError):
    """Somebody else has reserved this name."""


class ReservationLost(ThoughtstreamError):
    """What was reserved is somebody else's by now, or may be."""


class InvalidPacket(ThoughtstreamError, ValueError):
    """A packet that can't be accepted; nothing was sent."""


class InvalidBelief(ThoughtstreamError, ValueError):
    """A quantity, a prior, a value or a world that can't be accepted; nothing was written."""


class Forbidden(InvalidBelief):
    """The basal prior of the quantity does not allow this value; nothing was written."""


class NotRemembered(ThoughtstreamError):
    """There is no such memory (any more)."""


class NotForgotten(ThoughtstreamError):
    """The unconscious does not have this thought (any more)."""


class NotMerged(ThoughtstreamError):
    """No memory is merged under this entry (any more)."""


class InterventionRefused(ThoughtstreamError):
    """The thought is not in its intervention window (any more)."""


class NoService(UserWarning):
    """A mind is used on a server where no service lives: nothing will be attended."""


class KeyReused(ThoughtstreamError, ValueError):
    """An idempotency key that was another thought's; nothing was written."""


class NotConfirmed(ThoughtstreamError, ValueError):
    """A mind is deleted only by who repeats its name; nothing was deleted."""


class NotConnected(ThoughtstreamError, AttributeError):
    """What was used is not connected: the `with` is missing, it was closed, or it belongs to the
    process that this one was forked from.
    """


class WouldBlock(ThoughtstreamError, RuntimeError):
    """A blocking call where it would wait for itself."""
