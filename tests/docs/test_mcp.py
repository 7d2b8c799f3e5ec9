"""What the pages show of MCP works as it stands there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from tests.docs.test_readme import ROOT, blocks
from tests.mcp.clients import ANA, asked
from thoughtstream.config import Settings
from thoughtstream.faces.mcp.server import offered

pytestmark = pytest.mark.slow

EXAMPLE = ROOT / "service/examples/three_agents.py"


def environment(settings: Settings) -> dict[str, str]:
    programs = str(Path(sys.executable).parent)
    own = {"PATH": f"{programs}:{os.environ['PATH']}", "THOUGHTSTREAM_HOME": str(settings.home)}
    return dict(os.environ) | own | {"REDIS_URL": str(settings.redis.url)}


async def test_the_configuration_of_the_readme_gives_an_agent_a_mind(settings: Settings) -> None:
    [text] = blocks("json")
    [server] = json.loads(text)["mcpServers"].values()
    parameters = StdioServerParameters(**server, env=environment(settings))
    async with Client(parameters) as client:
        await asked(client, "remember", content="tea needs four minutes")
        assert (await asked(client, "recall", query="tea"))["memories"]
        assert (await asked(client, "join", name="alice"))["agents"]


def test_three_agents_share_their_work(settings: Settings) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLE], env=environment(settings), capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *said, remembered = done.stdout.splitlines()
    assert {line.partition(": ")[2] for line in said} == {
        "parser.py is done", "printer.py is done", "README.md is done"
    }  # fmt: skip
    assert remembered == "the team remembers: In parser.py, `parse` is now called `read`."
    assert len(EXAMPLE.read_text().splitlines()) < 60


def test_the_service_page_has_every_tool() -> None:
    page = (ROOT / "service/README.md").read_text()
    for tool in offered(ANA, to_an_agent=True):
        row = next(line for line in page.splitlines() if line.startswith(f"| `{tool.name}` |"))
        for name in tool.input_schema["properties"]:
            assert f"`{name}`" in row, f"{tool.name} takes {name}"
