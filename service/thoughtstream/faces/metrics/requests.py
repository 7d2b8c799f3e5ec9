"""HTTP requests, measured: a middleware for any ASGI application."""

import time
from typing import Any

from thoughtstream.measuring.measures import Measures
from thoughtstream.measuring.web import REQUEST, REQUESTS

_UNKNOWN = "unknown"
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class MeasuredRequests:
    """Counts requests by the template of their route, which the application leaves in the scope,
    as Starlette does: what matches no route is `unknown`, so that nobody can make series.
    """

    def __init__(self, app: Any, measures: Measures) -> None:
        self._app = app
        self._measures = measures

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, first_at = time.perf_counter(), 500, None

        async def sent(message: Any) -> None:
            nonlocal status, first_at
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = dict(message.get("headers", ()))
                if headers.get(b"content-type", b"").startswith(b"text/event-stream"):
                    first_at = time.perf_counter()
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            labels = (_template(scope), _method(scope), f"{status // 100}xx")
            self._measures.count(REQUESTS, *labels)
            self._measures.observe(REQUEST, (first_at or time.perf_counter()) - began, *labels)


def _template(scope: Any) -> str:
    return str(getattr(scope.get("route"), "path", _UNKNOWN))


def _method(scope: Any) -> str:
    method = str(scope["method"])
    return method if method in _METHODS else _UNKNOWN
