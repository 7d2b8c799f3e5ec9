"""The server over streamable HTTP, for a web process to mount: stateless, with answers in JSON.

    endpoint = McpEndpoint(Engine(settings), grant_of)
    app = Starlette(routes=[Route("/mcp", endpoint)], lifespan=lifespan)

    async def lifespan(app):
        async with endpoint.serving():
            yield

`grant_of(request)` says what the bearer of a request's token may do: `Grant.of_mind("ana", scopes)`
or `Grant.of_minds(["a*"], scopes)`; None: the token is missing or wrong (401). It is asked once for
each request. What an agent holds ends with its session, and here there is none: the tools of the
scope `work`, and subscriptions, are over standard input and output only.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from thoughtstream.faces.engine import Engine
from thoughtstream.faces.mcp.grant import Grant
from thoughtstream.faces.mcp.request import Requests
from thoughtstream.faces.mcp.server import Backing, Context, serving
from thoughtstream.measuring.measures import NOTHING, Measures

LOOPBACK = ("127.0.0.1", "127.0.0.1:*", "localhost", "localhost:*", "[::1]", "[::1]:*")
"""Hosts that are always ours, with any port."""

MOST_BODY_BYTES = 1 << 20

_GRANT = "thoughtstream.grant"


class McpEndpoint:
    """An ASGI application; serves within `serving`, and answers 503 otherwise.

    `hosts`: what the Host of a request may be, as `name:port` or `name:*`; None: whoever mounts
    this has checked it. `most_body_bytes`: a longer request is refused (413).
    """

    def __init__(
        self,
        engine: Engine,
        grant_of: Callable[[HttpRequest], Grant | None],
        *,
        hosts: Sequence[str] | None = LOOPBACK,
        most_body_bytes: int = MOST_BODY_BYTES,
        measures: Measures = NOTHING,
    ) -> None:
        self._engine = engine
        self._grant_of = grant_of
        self._security = TransportSecuritySettings(
            enable_dns_rebinding_protection=hosts is not None,
            allowed_hosts=[*(hosts or ())],
            allowed_origins=[f"{scheme}://{one}" for one in hosts or () for scheme in _SCHEMES],
        )
        self._most_body_bytes = most_body_bytes
        self._measures = measures
        self._manager: StreamableHTTPSessionManager | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve until the context ends."""
        backing = Backing(Requests(self._engine), _granted, measures=self._measures)
        manager = StreamableHTTPSessionManager(
            serving(backing),
            json_response=True,
            stateless=True,
            security_settings=self._security,
            max_request_body_size=self._most_body_bytes,
        )
        async with manager.run():
            self._manager = manager
            try:
                yield
            finally:
                self._manager = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["method"] != "POST":  # a stream without a session would never say anything
            await Response("not offered; POST a message", 405, {"Allow": "POST"})(
                scope, receive, send
            )
            return
        manager = self._manager
        if manager is None:
            await Response("not serving yet; try again", 503)(scope, receive, send)
            return
        grant = self._grant_of(HttpRequest(scope))
        if grant is None:
            headers = {"WWW-Authenticate": "Bearer"}
            refusal = Response("a valid token is missing; give it as a bearer token", 401, headers)
            await refusal(scope, receive, send)
            return
        await manager.handle_request({**scope, _GRANT: grant}, receive, send)


_SCHEMES = ("http", "https")


def _granted(ctx: Context) -> Grant:
    assert ctx.request is not None
    grant = ctx.request.scope[_GRANT]
    assert isinstance(grant, Grant)
    return grant
