"""A collector of spans: an HTTP server that reads OTLP, as OpenTelemetry's own does."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

PATH = "/v1/traces"


@dataclass
class Collected:
    """What has arrived: each span, and the name of the service that sent it."""

    address: str
    spans: list[tuple[str, Span]] = field(default_factory=list)

    def named(self, name: str) -> list[Span]:
        return [span for _, span in self.spans if span.name == name]

    def take(self, raw: bytes) -> None:
        for its in ExportTraceServiceRequest.FromString(raw).resource_spans:
            resource = {one.key: one.value.string_value for one in its.resource.attributes}
            for scope in its.scope_spans:
                self.spans += [(resource["service.name"], span) for span in scope.spans]


@contextmanager
def collecting() -> Iterator[Collected]:
    """A collector, for as long as the context goes on."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == PATH:
                packed = self.headers.get("Content-Encoding") == "gzip"
                collected.take(gzip.decompress(raw) if packed else raw)
            self.send_response(200 if self.path == PATH else 404)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collected = Collected(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield collected
        finally:
            server.shutdown()
            thread.join()
