"""The server over standard input and output: one client, for as long as it goes on."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from mcp.server import Server
from mcp.server.stdio import stdio_server

from thoughtstream.attending import attending
from thoughtstream.colony import Colony
from thoughtstream.config import Settings
from thoughtstream.faces import overview
from thoughtstream.faces.engine import Engine
from thoughtstream.faces.mcp.agent import Agent
from thoughtstream.faces.mcp.grant import Grant
from thoughtstream.faces.mcp.request import Requests
from thoughtstream.faces.mcp.server import Backing, serving
from thoughtstream.faces.mcp.watching import Watching

_PATIENCE_S = 5.0
"""For giving everything back; what is not by then ends with its lease."""


async def serve(
    settings: Settings, grant: Grant, *, attend: bool = False, agent_name: str | None = None
) -> None:
    """Serve until the client closes our input, or SIGTERM or SIGINT comes; then what its agent
    holds is given back.

    Raises: as `session` and `Agent.begin`.
    """
    async with AsyncExitStack() as stack:
        opening = session(settings, grant, attend=attend, agent_name=agent_name)
        server, agent = await stack.enter_async_context(opening)
        _end_when_told(stack)
        if agent is not None:
            await agent.begin()
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())


@asynccontextmanager
async def session(
    settings: Settings, grant: Grant, *, attend: bool = False, agent_name: str | None = None
) -> AsyncIterator[tuple[Server[Any], Agent | None]]:
    """A server for one client, and the agent that this is, or can become (`Agent.begin`); what that
    holds ends with the context.

    Raises:
        ConfigError: a setting is wrong. RedisUnavailable: Redis does not answer to begin with.
        InvalidThought: no mind can have this name.
    """
    async with AsyncExitStack() as stack:
        colony = await stack.enter_async_context(Colony.connect(settings=settings))
        requests = Requests(Engine(settings, colony.redis))
        if grant.mind is not None:
            await requests.of(grant.mind)
        if attend:
            address = overview.redis_url(settings)
            await stack.enter_async_context(attending(settings, address))
        agent = None
        if grant.has("work"):
            agent = Agent(colony, agent_name)
            stack.push_async_callback(agent.leave)
        watching = Watching(requests)
        stack.callback(watching.close)
        yield serving(Backing(requests, lambda _: grant, agent, watching)), agent


def _end_when_told(stack: AsyncExitStack) -> None:
    """At a signal, give everything back and end: nothing else ends the thread that waits for input,
    so this can't be left to cancellation.
    """
    loop = asyncio.get_running_loop()
    ending = list[asyncio.Task[None]]()

    async def end(number: int) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await stack.aclose()
        finally:
            os._exit(128 + number)

    def begin(number: int) -> None:
        ending.append(asyncio.create_task(end(number)))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, begin, number)
