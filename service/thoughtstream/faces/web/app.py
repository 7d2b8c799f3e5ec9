"""The application: a guard in front of resources, problems in the same words everywhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from thoughtstream.config import Settings
from thoughtstream.faces.web import probes, problems
from thoughtstream.faces.web.engine import Engine
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
    thoughts,
    values,
)
from thoughtstream.faces.web.tokens import Tokens
from thoughtstream.faces.web.watching.endpoint import Events
from thoughtstream.faces.web.watching.watching import Watching

_RESOURCES = (
    session, minds, thoughts, memories, forgotten, server, agents, queues, packets, values,
)  # fmt: skip


def build(settings: Settings, tokens: Tokens) -> ASGIApp:
    """All that the web process serves."""
    engine = Engine(settings)

    @asynccontextmanager
    async def living(_: FastAPI) -> AsyncIterator[None]:
        async with Watching.open(settings) as app.state.watching:
            yield
        await engine.aclose()

    app = FastAPI(
        title="Thoughtstream",
        description="Minds to think into and recall from; everything that the Python API does.",
        version=version("thoughtstream"),
        lifespan=living,
        docs_url=None,
        redoc_url=None,
        responses=problems.DESCRIBED,
    )
    app.state.engine, app.state.tokens = engine, tokens
    for resource in _RESOURCES:
        app.include_router(resource.router)
    app.include_router(probes.router)
    app.router.routes.extend(assets.routes())
    problems.install(app)
    events = Events(lambda: app.state.watching)

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        is_of_events = scope["type"] == "http" and scope["path"] == "/v1/events"
        await (events if is_of_events else app)(scope, receive, send)

    web = settings.web
    return Guard(served, tokens=tokens, hosts=web.hosts, max_body_bytes=web.max_body_bytes)
