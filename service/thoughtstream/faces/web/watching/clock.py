"""The clock of the server, as far as it can be told while nobody answers."""

import time


class Clock:
    """Set by every picture; between them, and while Redis is away, this machine's goes on."""

    def __init__(self) -> None:
        self._ahead_ms = time.time() * 1000 - time.monotonic() * 1000

    def hear(self, now_ms: int) -> None:
        """The server says what time it is."""
        self._ahead_ms = now_ms - time.monotonic() * 1000

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return int(time.monotonic() * 1000 + self._ahead_ms)
