"""What stands beside the resources behind the same guard: the page, tools for agents, metrics."""

from collections.abc import Iterator

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

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


async def _tools(web: Web, token: str) -> dict[str, set[str]]:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers) as http:
        transport = streamable_http_client(f"{web.url}/mcp", http_client=http)
        async with Client(transport) as client:
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
