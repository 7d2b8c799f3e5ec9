"""`/metrics` and `/healthz` of a process, on loopback, in a thread of their own."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import structlog

from thoughtstream.measuring.measures import NOTHING, Measures
from thoughtstream.measuring.metric import Metric

if TYPE_CHECKING:
    from thoughtstream.measuring.prometheus import PrometheusMeasures

_LOOPBACK = "127.0.0.1"
_SILENT_S = 5.0
"""So long a client may take over its request."""

log = structlog.get_logger()


def measures(metrics: Iterable[Metric], port: int) -> AbstractContextManager[Measures]:
    """Measures that are served on this port while the context goes on; ones that keep nothing, if
    it is 0 or the extra `metrics` is not installed.
    """
    if not port or find_spec("prometheus_client") is None:
        return nullcontext(NOTHING)
    return _served(metrics, port)


@contextmanager
def _served(metrics: Iterable[Metric], port: int) -> Iterator[Measures]:
    from thoughtstream.measuring.prometheus import PrometheusMeasures

    kept = PrometheusMeasures(metrics)
    try:
        server = ThreadingHTTPServer((_LOOPBACK, port), _answering(kept))
    except OSError as error:
        cure = "another program has it; set metrics.port to a free one, or to 0"
        log.warning("metrics.not_served", port=port, error=str(error), cure=cure)
        yield NOTHING
        return
    with server, _answers(server):
        yield kept


@contextmanager
def _answers(server: ThreadingHTTPServer) -> Iterator[None]:
    """It answers while the context goes on. Nothing is polled: one more connection ends it."""
    is_over = Event()

    def answer() -> None:
        while not is_over.is_set():
            server.handle_request()

    thread = Thread(target=answer, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        with suppress(OSError):
            socket.create_connection((_LOOPBACK, server.server_port), timeout=_SILENT_S).close()
        thread.join(_SILENT_S)


def _answering(kept: "PrometheusMeasures") -> type[BaseHTTPRequestHandler]:
    from thoughtstream.measuring.prometheus import exposed

    class Handler(BaseHTTPRequestHandler):
        timeout = _SILENT_S

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, *exposed(kept.registry, self.headers.get("Accept", "")))
            elif path == "/healthz":
                well = kept.is_well
                said = b"well\n" if well else b"does not attend: Redis is lost, or it is too busy\n"
                self._answer(200 if well else 503, said)
            else:
                self._answer(404, b"/metrics and /healthz are here\n")

        def _answer(self, status: int, body: bytes, kind: str = "text/plain") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Who asks is not logged."""

    return Handler
