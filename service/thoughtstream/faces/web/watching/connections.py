"""Connections with a stream that has no end: they can be given up though their other end takes
nothing (uvicorn only closes them politely, which waits for ever), and say when the server closes.
"""

from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from thoughtstream.faces.web.watching.endpoint import CONNECTION


class Connection(HttpToolsProtocol):
    """For uvicorn's setting `http`."""

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
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
