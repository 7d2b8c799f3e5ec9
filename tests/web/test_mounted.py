"""What stands beside the resources behind the same guard: the page, tools for agents, metrics."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.servers import wait_until
from tests.web.served import Web, serving
from thoughtstream.config import Settings
from thoughtstream.faces.web.place import tokens_of


@pytest.fixture
def web(settings: Settings) -> Iterator[Web]:
    with serving(settings) as web:
        yield web


def test_the_page_is_there_for_anybody_and_its_data_is_not(web: Web) -> None:
    page = web.ask("GET", "/", token="")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert web.ask("GET", "/v1/events?mind=ana", token="").status == 401


def test_metrics_need_their_scope(web: Web) -> None:
    tokens = tokens_of(web.settings)
    _, prometheus = tokens.add("prometheus", ("metrics",))
    _, reader = tokens.add("reader", ("read",))
    web.ask("GET", "/v1/minds/ana")
    told = web.ask("GET", "/metrics", token=prometheus)
    text = told.raw.decode()
    assert "thoughtstream_up 1.0" in text
    route = 'route="/v1/minds/{mind}",status="2xx"'
    assert f'thoughtstream_http_requests_total{{method="GET",{route}}} 1.0' in text
    refused = web.ask("GET", "/metrics", token=reader)
    assert (refused.status, refused.json["scope"]) == (403, "metrics")


@asynccontextmanager
async def _client(web: Web, token: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, verify=False) as http:
        transport = streamable_http_client(f"{web.url}/mcp", http_client=http)
        async with Client(transport) as client:
            yield client


async def _call(web: Web, token: str, tool: str, **arguments: str) -> None:
    async with _client(web, token) as client:
        await client.call_tool(tool, arguments)


async def _tools(web: Web, token: str) -> dict[str, set[str]]:
    async with _client(web, token) as client:
        found = (await client.list_tools()).tools
    return {tool.name: {*tool.input_schema["properties"]} for tool in found}


async def test_a_token_of_one_mind_has_its_tools_and_no_others(web: Web) -> None:
    tokens = tokens_of(web.settings)
    _, of_ana = tokens.add("agent", ("read", "think"), ("ana",))
    _, of_all = tokens.add("agents", ("read",), ("a*",))
    mine, all_ = await _tools(web, of_ana), await _tools(web, of_all)
    assert {"recall", "think", "remember"} <= mine.keys()
    assert not {"intervene", "take_back", "join"} & mine.keys()
    assert "mind" not in mine["recall"]
    assert "mind" in all_["recall"]
    assert "think" not in all_
    assert web.ask("POST", "/mcp", {}, token="").status == 401


async def test_streams_and_tools_are_counted(web: Web) -> None:
    tokens = tokens_of(web.settings)
    _, agent = tokens.add("agent", ("read", "think", "metrics"), ("ana",))
    await _call(web, agent, "remember", content="tea needs four minutes")
    await _call(web, agent, "nothing")

    def told(series: str) -> bool:
        return series in web.ask("GET", "/metrics", token=agent).raw.decode()

    assert told('thoughtstream_mcp_calls_total{outcome="done",tool="remember"} 1.0')
    assert told('thoughtstream_mcp_calls_total{outcome="failed",tool="unknown"} 1.0')
    with socket.create_connection(("localhost", web.port)) as connection:
        asked = (
            f"GET /v1/events?mind=ana HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {agent}"
        )
        connection.sendall(f"{asked}\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 200"
        assert told("thoughtstream_watchers 1.0")
    wait_until(lambda: told("thoughtstream_watchers 0.0"), "it has left")
    assert told('thoughtstream_watcher_closed_total{reason="left"} 1.0')
