"""Connections with a stream that has no end: they can be given up though their other end takes
nothing (uvicorn only closes them politely, which waits for ever), and say when the server closes.
And none has a head that has no end (before it is over, nobody knows whose request it is), or waits
for a body that does not come.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from thoughtstream.faces.web.watching.endpoint import CONNECTION

MOST_HEAD_BYTES = 64 * 1024
"""Of a request: its address and headers; what is read at once is taken all the same."""

HEAD_S = 30.0
"""Within which it has to come."""

BODY_S = 30.0
"""In which some of a body has to come, as long as it is read."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n"


class Connection(HttpToolsProtocol):
    """For uvicorn's setting `http`."""

    _is_in_head = False
    _head_bytes = 0
    _is_in_body = False
    _too_late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Somebody is there; a head has to come, too."""
        super().connection_made(transport)
        self._await_head()

    def _await_head(self) -> None:
        self._await_nothing()
        self._too_late = self.loop.call_later(HEAD_S, self.transport.close)

    def _await_body(self) -> None:
        self._await_nothing()
        self._too_late = self.loop.call_later(BODY_S, self._no_body)

    def _await_nothing(self) -> None:
        if self._too_late is not None:
            self._too_late.cancel()
            self._too_late = None

    def _no_body(self) -> None:
        if self.flow.read_paused:  # it is we who do not read
            self._await_body()
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed."""
        self._await_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some of a request came."""
        super().data_received(data)
        if self._is_in_body:
            self._await_body()
        self._head_bytes = self._head_bytes + len(data) if self._is_in_head else 0
        if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """A head is over, and its body begins."""
        self._is_in_head, self._is_in_body = False, True
        self._await_body()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request is over."""
        self._is_in_body = False
        self._await_nothing()
        super().on_message_complete()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._is_in_head = True
        self._await_head()
        self._when_closing: list[Callable[[], None]] = []
        self.scope["extensions"] = {
            CONNECTION: {
                "abort": self.transport.abort,
                "when_closing": self._when_closing.append,
            }
        }

    def shutdown(self) -> None:
        """The server closes: what it serves has to end."""
        for end in getattr(self, "_when_closing", ()):
            end()
        super().shutdown()
