"""The same server over streamable HTTP, as a web process mounts it, with a real uvicorn."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from tests.mcp.clients import asked, read, refused
from tests.mcp.test_tools import MIND_TOOLS
from tests.services import until
from thoughtstream.config import Settings
from thoughtstream.faces.engine import Engine
from thoughtstream.faces.mcp.grant import Grant
from thoughtstream.faces.mcp.http import McpEndpoint

TOKENS = {
    "Bearer of-ana": Grant.of_mind("ana", ["think", "intervene"]),
    "Bearer of-bob": Grant.of_mind("bob", ["think"]),
    "Bearer of-all": Grant.of_minds(["*"], []),
}


def grant_of(request: Request) -> Grant | None:
    return TOKENS.get(request.headers.get("authorization", ""))


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[str]:
    """The address of `/mcp` in a web process of its own kind."""
    engine = Engine(settings)
    endpoint = McpEndpoint(engine, grant_of)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with endpoint.serving():
            yield
        await engine.aclose()

    app = Starlette(routes=[Route("/mcp", endpoint)], lifespan=lifespan)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))

    async def has_started() -> bool:
        return server.started

    await until(has_started)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
    finally:
        server.should_exit = True
        await serving
        listening.close()


@asynccontextmanager
async def client_of(url: str, token: str, mode: str = "auto") -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (  # without TLS there is nothing to verify, and certificates take long to load
        httpx2.AsyncClient(headers=headers, timeout=30, verify=False) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_mind_over_http(settings: Settings, mode: str) -> None:
    async with served(settings) as url, client_of(url, "of-ana", mode) as client:
        assert tuple(one.name for one in (await client.list_tools()).tools) == MIND_TOOLS
        await asked(client, "remember", content="tea needs four minutes")
        [found] = (await asked(client, "recall", q="tea"))["memories"]
        whole = await read(client, f"mind://ana/memories/{found['id']}")
        assert whole["content"] == "tea needs four minutes"
        assert "salience" in await refused(client, "think", content="x", salience=7)


async def test_a_stream_that_would_never_say_anything_is_not_offered(settings: Settings) -> None:
    headers = {"Authorization": "Bearer of-ana", "Accept": "text/event-stream"}
    async with served(settings) as url, httpx2.AsyncClient(timeout=10, verify=False) as http:
        refused = await http.get(url, headers=headers)
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


async def test_each_token_has_its_own_mind_and_tools(settings: Settings) -> None:
    async with (
        served(settings) as url,
        client_of(url, "of-ana") as ana,
        client_of(url, "of-bob") as bob,
        client_of(url, "of-all") as anyone,
    ):
        await asked(ana, "remember", content="a secret of ana")
        assert await asked(bob, "recall", query="secret") == {"memories": []}
        assert "mind: " in await refused(bob, "recall", query="secret", mind="ana")
        with pytest.raises(MCPError, match="'bob' only"):
            await read(bob, "mind://ana/attention")
        assert "intervene" not in {one.name for one in (await bob.list_tools()).tools}
        assert len((await asked(anyone, "recall", mind="ana", query="secret"))["memories"]) == 1
        assert "--allow" in await refused(anyone, "think", mind="ana", content="x")
        assert "no such tool" in await refused(ana, "join", name="ana")


async def test_who_is_not_allowed_is_told_before_anything_is_read(settings: Settings) -> None:
    async with served(settings) as url, httpx2.AsyncClient() as http:
        unknown = await http.post(url, json={}, headers={"Authorization": "Bearer none"})
        assert unknown.status_code == 401
        assert unknown.headers["www-authenticate"] == "Bearer"
        own = {"Authorization": "Bearer of-ana", "Accept": "application/json, text/event-stream"}
        stranger = await http.post(url, json={}, headers=own | {"Host": "evil.example"})
        assert stranger.status_code == 421
        foreign = await http.post(url, json={}, headers=own | {"Origin": "http://evil.example"})
        assert foreign.status_code == 403
        large = await http.post(url, json={"x": "y" * (1 << 20)}, headers=own)
        assert large.status_code == 413


@pytest.mark.slow
async def test_fifty_clients_at_once(settings: Settings) -> None:
    async def one(url: str, number: int) -> None:
        async with client_of(url, "of-ana") as client:
            await asked(client, "remember", content=f"the locker of guest {number} is green")
            await asked(client, "think", content=f"guest {number} came")
            found = await asked(client, "recall", query=f"locker of guest {number}", limit=20)
            assert f"the locker of guest {number} is green" in {
                memory["content"] for memory in found["memories"]
            }

    async with served(settings) as url:
        async with asyncio.TaskGroup() as together:
            for number in range(50):
                together.create_task(one(url, number))
        async with client_of(url, "of-ana") as client:
            state = await asked(client, "status")
            assert (state["memories"], state["unread"], state["balanced"]) == (50, 50, True)


async def test_before_it_serves_it_says_so(settings: Settings) -> None:
    endpoint = McpEndpoint(Engine(settings), grant_of)
    transport = httpx2.ASGITransport(app=endpoint)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        assert (await http.post("/mcp", json={})).status_code == 503
