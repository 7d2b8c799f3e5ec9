"""What a request causes has what caused the request as its cause (the header `traceparent`)."""

from starlette.types import ASGIApp, Receive, Scope, Send

from thoughtstream.tracing.traces import FIELD, Traces

_HEADER = FIELD.encode()


class TracedRequests:
    """A middleware for any ASGI application."""

    def __init__(self, app: ASGIApp, traces: Traces) -> None:
        self._app = app
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        given: bytes = dict(scope.get("headers", ())).get(_HEADER, b"")
        if not given:
            await self._app(scope, receive, send)
            return
        with self._traces.caused_by(given.decode("latin-1")):
            await self._app(scope, receive, send)
