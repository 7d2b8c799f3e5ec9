"""Events as they go over the wire (`text/event-stream`, WHATWG HTML 9.2): encoded once for all."""

from typing import Any

from thoughtstream.faces.web.answers import encoded

KEEP_ALIVE = b": keep-alive\n\n"
RETRY = b"retry: 2000\n\n"
"""How long a reader waits (ms) before it connects again."""


def event(name: str, data: Any, id: str | None = None) -> bytes:
    """One event. `data`: as JSON; what is no text in it is U+FFFD. `id`: where to resume."""
    told = b"" if id is None else b"id: %s\n" % id.encode()
    return b"%sevent: %s\ndata: %s\n\n" % (told, name.encode(), encoded(data))


def gap(dropped: int | None, since_ms: int) -> bytes:
    """So many events since then are missing; None: some, and nobody can say how many."""
    return event("gap", {"dropped": dropped, "since": since_ms})
