"""The application: a guard in front of resources, problems in the same words everywhere.

What programs ask for is FastAPI's, which describes it (`/openapi.json`). The event stream, MCP and
metrics are applications of their own beside it: what a framework does for each request, they would
pay for without using it.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from thoughtstream.config import Settings
from thoughtstream.faces.engine import Engine
from thoughtstream.faces.web import probes, problems
from thoughtstream.faces.web.description import DescribedApp, operation_id
from thoughtstream.faces.web.guard import Guard
from thoughtstream.faces.web.page import assets
from thoughtstream.faces.web.resources import (
    agents,
    forgotten,
    memories,
    minds,
    packets,
    queues,
    server,
    session,
    sleeps,
    thoughts,
    values,
)
from thoughtstream.faces.web.sleepers import Sleepers
from thoughtstream.faces.web.tokens import Tokens
from thoughtstream.faces.web.traced import TracedRequests
from thoughtstream.faces.web.watching.endpoint import Events
from thoughtstream.faces.web.watching.watching import Watching
from thoughtstream.measuring.measures import NOTHING, Measures
from thoughtstream.measuring.web import WEB
from thoughtstream.tracing.choosing import traces

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

    from thoughtstream.measuring.prometheus import PrometheusMeasures

_RESOURCES = (
    session, thoughts, minds, memories, forgotten, sleeps, server, agents, queues, packets, values,
)  # fmt: skip
"""A request looks for its own in this order."""

_UNTOLD: "TelemetryConfig" = {
    "auto_configure": False, "tracing": False, "metrics": False, "logs": False
}  # fmt: skip
"""FastAPI would tell OpenTelemetry whole addresses, and what is asked of a mind is in them."""


def build(settings: Settings, tokens: Tokens) -> ASGIApp:
    """All that the web process serves."""
    engine, kept = Engine(settings), _measures()
    measures = kept or NOTHING
    app = _resources(engine, tokens, measures)
    beside: dict[str, ASGIApp] = {"/v1/events": Events(lambda: app.state.watching)}
    if find_spec("mcp"):
        from thoughtstream.faces.web.mcp_endpoint import mcp_endpoint

        beside["/mcp"] = app.state.mcp = mcp_endpoint(engine, measures)
    measured: ASGIApp = _Beside(app, beside)
    if kept:
        from thoughtstream.faces.web.measured import Measured

        measured = app.state.metrics = Measured(measured, app, settings, kept)
    if settings.traces.enabled:
        measured = TracedRequests(measured, traces(settings.traces))
    return Guard(measured, tokens=tokens, web=settings.web)


def _measures() -> "PrometheusMeasures | None":
    """None where nobody could read them: the extra `metrics` is not installed."""
    if not find_spec("prometheus_client"):
        return None
    from thoughtstream.measuring.prometheus import PrometheusMeasures

    return PrometheusMeasures(WEB)


def _resources(engine: Engine, tokens: Tokens, measures: Measures) -> FastAPI:
    app = DescribedApp(
        title="Thoughtstream",
        description="Minds to think into and recall from; everything that the Python API does.",
        version=version("thoughtstream"),
        lifespan=_living,
        docs_url=None,
        redoc_url=None,
        telemetry=_UNTOLD,
        generate_unique_id_function=operation_id,
        responses={"default": {}},  # what `description` says, not FastAPI's own problem
    )
    app.state.engine, app.state.tokens, app.state.measures = engine, tokens, measures
    app.state.sleepers = Sleepers()
    app.state.mcp = app.state.metrics = None
    for resource in _RESOURCES:
        app.include_router(resource.router)
    app.include_router(probes.router)
    app.router.routes.extend(assets.routes())
    problems.install(app)
    return app


@asynccontextmanager
async def _living(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        stack.push_async_callback(app.state.engine.aclose)
        known = app.state.tokens.still_has, app.state.measures
        opening = Watching.open(app.state.engine.settings, *known)
        app.state.watching = await stack.enter_async_context(opening)
        stack.push_async_callback(app.state.sleepers.aclose)
        if app.state.mcp:
            await stack.enter_async_context(app.state.mcp.serving())
        if app.state.metrics:
            stack.push_async_callback(app.state.metrics.aclose)
        yield


class _Beside:
    """Some paths are served by applications of their own."""

    def __init__(self, app: ASGIApp, beside: dict[str, ASGIApp]) -> None:
        self._app = app
        self._beside = beside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to whoever serves its path."""
        app = self._beside.get(scope.get("path", ""), self._app)
        if app is not self._app:
            scope["route"] = _Route(scope["path"])
        elif scope.get("method") == "HEAD":
            scope = {**scope, "method": "GET"}  # the server sends no body to whoever asked for none
        await app(scope, receive, send)


class _Route:
    """What metrics call such a path."""

    def __init__(self, path: str) -> None:
        self.path = path
