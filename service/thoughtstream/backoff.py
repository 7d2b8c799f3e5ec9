"""Exponential backoff: each pause is twice the one before it, up to a longest."""

import asyncio


class Backoff:
    """The pauses of one loop that retries. `seconds`: how long the next one is."""

    def __init__(self, first_s: float, longest_s: float) -> None:
        self.seconds = first_s
        self._first_s = first_s
        self._longest_s = longest_s

    async def pause(self) -> None:
        """Wait; the next pause is longer."""
        await asyncio.sleep(self.take())

    def take(self) -> float:
        """How long to wait now, in seconds; the next pause is longer."""
        now, self.seconds = self.seconds, min(self.seconds * 2, self._longest_s)
        return now

    def reset(self) -> None:
        """It went well: the next pause is the first again."""
        self.seconds = self._first_s
