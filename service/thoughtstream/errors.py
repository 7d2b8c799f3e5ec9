"""What can go wrong, as types. Every message names the thing and the cure."""


class ThoughtstreamError(Exception):
    """The root of all errors of this package."""


class InvalidThought(ThoughtstreamError, ValueError):
    """A thought, or a change to one, that can't be accepted; nothing was written."""


class RedisUnavailable(ThoughtstreamError):
    """Redis can't be reached or does not answer; whether the last write arrived is unknown."""


class WritesRefused(RedisUnavailable):
    """Redis can't write to its disk and refuses every write; this one was not made."""


class MemoryFull(ThoughtstreamError):
    """Redis is at its `maxmemory`: new thoughts are refused, anchors and forgetting go on.

    `accepted`: how many thoughts of the same call were written before.
    """

    accepted: int = 0


class NotDurable(ThoughtstreamError):
    """A memory was anchored, but it has not survived what was asked for within the time.

    `id`: the thought that was anchored.
    """

    def __init__(self, message: str, id: str) -> None:
        super().__init__(message)
        self.id = id


class NotForgotten(ThoughtstreamError):
    """The unconscious does not have this thought (any more)."""


class InterventionRefused(ThoughtstreamError):
    """The thought is not in its intervention window (any more)."""
