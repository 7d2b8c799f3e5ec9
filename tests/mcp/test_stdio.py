"""`thoughtstream mcp` as a program, with the official client over standard input and output."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from tests.mcp.clients import asked, program, read, refused
from tests.servers import WHEEL, RedisServer, programs
from tests.services import until
from thoughtstream import Colony
from thoughtstream.config import RedisConfig, Settings

pytestmark = pytest.mark.slow

BUS = ("join", "send", "inbox", "offer", "take", "done", "reserve")


async def test_a_mind_over_stdio(settings: Settings) -> None:
    async with Client(program(settings, "--mind", "ana", "--attend")) as client:
        names = {one.name for one in (await client.list_tools()).tools}
        assert names == {"recall", "think", "remember", "attention", "forgotten", "status", *BUS}
        await asked(client, "remember", content="tea needs four minutes")
        [found] = (await asked(client, "recall", q="tea"))["memories"]
        assert found["content"] == "tea needs four minutes"
        assert (await asked(client, "status"))["attended"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_clients_of_each_version_of_the_protocol(settings: Settings, mode: str) -> None:
    async with Client(program(settings, "--mind", "ana"), mode=mode) as client:
        await asked(client, "remember", content="tea needs four minutes")
        assert len((await asked(client, "recall", q="tea"))["memories"]) == 1
        assert (await read(client, "mind://ana/attended")) == {"attended": []}
        [prompt] = (await client.list_prompts()).prompts
        said = await client.get_prompt(prompt.name, {"topic": "tea"})
        assert "tea" in str(said.messages[0].content)
        with pytest.raises(MCPError, match="topic: is missing"):
            await client.get_prompt(prompt.name, {"topic": " "})


def run(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    parameters = program(settings, *words)
    return subprocess.run(
        [parameters.command, *parameters.args], input="", capture_output=True, text=True,
        env=os.environ | (parameters.env or {}), timeout=60,
    )  # fmt: skip


def test_without_redis_it_says_what_to_do(tmp_path: Path) -> None:
    nowhere = Settings(home=tmp_path / "home", redis=RedisConfig(url=f"unix://{tmp_path}/none"))
    done = run(nowhere, "--mind", "ana")
    assert done.returncode == 1 and done.stdout == ""
    assert "Redis does not answer" in done.stderr and "thoughtstream up" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (("--allow", "fly"), 2, "allow: 'fly'"),
        (("--minds", ","), 2, "minds: is empty"),
        (("--mind", ""), 1, "mind"),
        (("--agent", ""), 1, "name: is missing"),
    ],
)
def test_wrong_options_are_named(
    settings: Settings, words: tuple[str, ...], code: int, named: str
) -> None:
    done = run(settings, *words)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert named in done.stderr


def test_without_the_extra_it_says_which(settings: Settings) -> None:
    hidden = "import sys; sys.modules['mcp'] = None; from thoughtstream.faces.cli import main; "
    code = f"{hidden} sys.argv = ['thoughtstream', 'mcp']; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "pip install 'thoughtstream[mcp]'" in done.stderr


async def test_redis_may_go_in_the_middle_of_it(tmp_path: Path) -> None:
    server = RedisServer(programs()[WHEEL], tmp_path).start()
    settings = Settings(home=tmp_path / "home", redis=RedisConfig(url=server.url))
    try:
        at_once = {"THOUGHTSTREAM_REDIS__PATIENCE_S": "0"}
        its = program(settings, "--mind", "ana", "--agent", "alice", **at_once)
        async with Client(its) as client:
            await asked(client, "remember", content="tea needs four minutes")
            await asked(client, "reserve", name="main.py")
            os.kill(server.pid, signal.SIGSTOP)
            call = asyncio.create_task(client.call_tool("recall", {"query": "tea"}))
            await client.list_prompts()  # asked after it: it waits for Redis by now
            server.kill()
            result = await call
            assert result.is_error, result
            for tool, arguments in (("recall", {"query": "tea"}), ("think", {"content": "hello"})):
                said = await refused(client, tool, **arguments)
                assert "Redis" in said and "thoughtstream up" in said
            server.start()

            async def is_back() -> bool:
                return not (await client.call_tool("recall", {"query": "tea"})).is_error

            await until(is_back)
            assert (await asked(client, "think", content="it is back"))["id"]
    finally:
        server.kill()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_and_gives_back_what_its_agent_holds(
    settings: Settings, how: signal.Signals
) -> None:
    parameters = program(settings, "--agent", "alice", "--attend")
    process = await asyncio.create_subprocess_exec(
        parameters.command, *parameters.args, env=os.environ | (parameters.env or {}),
        stdin=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with Colony.connect(settings=settings) as colony:

            async def is_there() -> bool:
                return "alice" in {one.id for one in await colony.agents()}

            await until(is_there, most_s=60)
            process.send_signal(how)
            assert await process.wait() == 128 + how
            [left] = await colony.agents()  # of the service that it was, nothing is left
            assert (left.id, left.state) == ("alice", "offline")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
