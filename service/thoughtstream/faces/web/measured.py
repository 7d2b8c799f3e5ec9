"""`/metrics`: what Redis and all minds do, and what this process answers."""

from collections.abc import Iterator
from contextlib import suppress

from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from thoughtstream.config import Settings
from thoughtstream.faces.metrics.exposition import Exposition
from thoughtstream.faces.metrics.reading import Reader
from thoughtstream.faces.metrics.requests import MeasuredRequests
from thoughtstream.faces.metrics.series import Series
from thoughtstream.faces.web import problems
from thoughtstream.faces.web.tokens import Token
from thoughtstream.measuring.prometheus import PrometheusMeasures
from thoughtstream.measuring.redis import CERTIFICATE
from thoughtstream.measuring.web import WATCHERS
from thoughtstream.store.certificates import end_of
from thoughtstream.web_config import WebConfig

PATH = "/metrics"


class Measured:
    """Measures all requests to an application, and tells of it with what is read from Redis."""

    def __init__(
        self,
        app: ASGIApp,
        resources: FastAPI,
        settings: Settings,
        measures: PrometheusMeasures,
    ) -> None:
        measures.watch(WATCHERS, lambda: resources.state.watching.readers)
        self._reader = Reader(settings, list(_certificate(settings.web)))
        self._exposition = Exposition(self._reader, measures.registry)
        self._app = MeasuredRequests(app, measures)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] != PATH:
            return await self._app(scope, receive, send)
        answer = await self._told(scope)
        return await answer(scope, receive, send)

    async def _told(self, scope: Scope) -> Response:
        token: Token = scope["state"]["token"]
        if not token.may("metrics"):
            detail = f"the token {token.name} lacks the scope metrics"
            return problems.answer(problems.FORBIDDEN, detail, scope="metrics")
        accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
        text, content_type = await self._exposition.text(accept)
        return Response(text, headers={"Content-Type": content_type, "Cache-Control": "no-store"})

    async def aclose(self) -> None:
        """Close its connections."""
        await self._reader.aclose()


def _certificate(web: WebConfig) -> Iterator[Series]:
    """When the one ends that this process has read, which it shows until it is started anew."""
    if web.tls_cert and web.tls_key:
        with suppress(OSError):  # whoever serves by it says what is wrong with it
            if ends := end_of(web.tls_cert, web.tls_key):
                yield Series(CERTIFICATE, ends, ("web",))
