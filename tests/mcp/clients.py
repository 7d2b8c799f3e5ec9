"""The official client, in every way in which it reaches our server."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.subscriptions import ResourceUpdated as ResourceUpdated
from mcp_types import CallToolResult, TextContent, TextResourceContents

from thoughtstream.config import Settings
from thoughtstream.faces.mcp import stdio
from thoughtstream.faces.mcp.grant import SCOPES, Grant

ANA = Grant.of_mind("ana", SCOPES)


@asynccontextmanager
async def in_process(
    settings: Settings,
    grant: Grant = ANA,
    *,
    agent: str | None = None,
    attend: bool = False,
    mode: str = "auto",
) -> AsyncIterator[Client]:
    """A client of a server in this process."""
    opening = stdio.session(settings, grant, attend=attend, agent_name=agent)
    async with opening as (server, member):
        if member is not None:
            await member.begin()
        async with Client(server, mode=mode) as client:
            yield client


def program(settings: Settings, *words: str, **environment: str) -> StdioServerParameters:
    """How a client starts `thoughtstream mcp`."""
    own = {"THOUGHTSTREAM_HOME": str(settings.home), "THOUGHTSTREAM_REDIS__URL": settings.redis.url}
    given = {name: value for name, value in own.items() if value is not None}
    arguments = ["-m", "thoughtstream.faces.cli", "mcp", *words]
    return StdioServerParameters(command=sys.executable, args=arguments, env=given | environment)


async def asked(client: Client, tool: str, /, **arguments: Any) -> Any:
    """The answer of a tool; its text must be the same, and short."""
    result = await client.call_tool(tool, arguments)
    text = text_of(result)
    assert not result.is_error, text
    assert len(text) <= 8000
    assert json.loads(text) == result.structured_content
    return result.structured_content


async def refused(client: Client, tool: str, /, **arguments: Any) -> str:
    """What a tool says that can't do it."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result
    assert result.structured_content is None
    assert "this is a bug" not in text_of(result)
    return text_of(result)


def text_of(result: CallToolResult) -> str:
    """The text of a result."""
    [text] = [block.text for block in result.content if isinstance(block, TextContent)]
    return text


async def read(client: Client, uri: str) -> Any:
    """The JSON of a resource."""
    [contents] = (await client.read_resource(uri)).contents
    assert isinstance(contents, TextResourceContents) and contents.uri == uri
    return json.loads(contents.text)
