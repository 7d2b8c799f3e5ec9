"""Agents that work together over MCP: what one does, another sees; what one holds ends with it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from tests.mcp.clients import asked, in_process, program, read, refused
from tests.services import until
from thoughtstream import Colony
from thoughtstream.config import AgentsConfig, QueueConfig, Settings
from thoughtstream.coordination.agents import inbox_of
from thoughtstream.faces.mcp import uris

SHORT = {"agents": AgentsConfig(lease_s=1), "queue": QueueConfig(lease_s=1)}


@asynccontextmanager
async def pair(settings: Settings) -> AsyncIterator[tuple[Client, Client]]:
    """Alice and Bob, joined."""
    async with (
        in_process(settings, agent="alice") as alice,
        in_process(settings, agent="bob") as bob,
    ):
        yield alice, bob


async def test_a_session_joins_under_a_name_of_its_own(settings: Settings) -> None:
    async with in_process(settings) as carl, in_process(settings) as other:
        assert "`join`" in await refused(carl, "inbox")
        assert "name" in await refused(carl, "join")
        joined = await asked(carl, "join", name="carl", skills=["review"])
        assert joined["name"] == "carl"
        assert joined["agents"] == [{"name": "carl", "state": "idle", "skills": ["review"]}]
        assert await asked(carl, "join") == joined
        assert "already" in await refused(carl, "join", name="dora")
        assert "is held by" in await refused(other, "join", name="carl")
    async with in_process(settings) as other:
        assert (await asked(other, "join", name="carl"))["name"] == "carl"


async def test_messages_arrive_in_their_order_once(settings: Settings) -> None:
    async with pair(settings) as (alice, bob):
        assert await asked(bob, "inbox") == {"messages": [], "more": False}
        for text in ("it is red", "it is green"):
            await asked(alice, "send", to="bob", text=text)
        found = await asked(bob, "inbox")
        assert [one["content"] for one in found["messages"]] == ["it is red", "it is green"]
        assert {one["sender"] for one in found["messages"]} == {"alice"}
        assert await asked(bob, "inbox") == {"messages": [], "more": False}
        assert "no agent 'carl'" in await refused(alice, "send", to="carl", text="hello")


async def test_a_message_is_read_when_its_reader_says_something_again(settings: Settings) -> None:
    async with (
        Colony.connect(settings=settings) as colony,
        in_process(settings, agent="bob") as bob,
    ):
        handle = await colony.send("alice", "bob", "it is red")
        assert len((await asked(bob, "inbox"))["messages"]) == 1
        assert (await handle.state()).state == "working"
        await asked(bob, "offer", queue="tests", text="whatever")
        assert (await handle.state()).state == "completed"


async def test_a_message_whose_reader_has_gone_since_comes_again(settings: Settings) -> None:
    async with Colony.connect(settings=settings) as colony:
        async with in_process(settings, agent="bob") as bob:
            await colony.send("alice", "bob", "it is red")
            await asked(bob, "inbox")
        async with in_process(settings, agent="bob") as bob:
            assert [one["content"] for one in (await asked(bob, "inbox"))["messages"]] == [
                "it is red"
            ]


async def test_who_waits_for_a_message_gets_it_when_it_comes(settings: Settings) -> None:
    async with pair(settings) as (alice, bob):
        waiting = asyncio.create_task(asked(bob, "inbox", wait_s=30))
        await asked(alice, "send", to="bob", text="wake up")
        assert (await waiting)["messages"][0]["content"] == "wake up"


async def test_more_messages_than_an_answer_has_room_for_come_whole_one_after_the_other(
    settings: Settings,
) -> None:
    async with pair(settings) as (alice, bob):
        sent = [f"{number} " + "ä\n" * 600 for number in range(12)]
        for text in sent:
            await asked(alice, "send", to="bob", text=text)
        got, more = list[str](), True
        while more:
            found = await asked(bob, "inbox", limit=20)
            got += [one["content"] for one in found["messages"]]
            more = found["more"]
        assert got == sent


async def test_a_long_message_is_cut_and_can_be_read_whole(settings: Settings) -> None:
    async with pair(settings) as (alice, bob):
        text = "a long story " * 2000
        await asked(alice, "send", to="bob", text=text)
        await asked(alice, "send", to="bob", text="short")
        result = await bob.call_tool("inbox", {})
        [cut] = result.structured_content["messages"]
        assert len(cut["content"]) < 5000
        uri = uris.task(inbox_of("bob"), "1")
        assert uri in cut["content"]
        assert [block.uri for block in result.content if block.type == "resource_link"] == [uri]
        assert (await read(bob, uri))["payload"].count("a long story") == 2000
        with pytest.raises(MCPError, match="not for tasks of agents"):
            await read(alice, uri)
        [next_] = (await asked(bob, "inbox"))["messages"]
        assert next_["content"] == "short"
        assert (await asked(bob, "inbox"))["messages"] == []


async def test_work_is_offered_taken_and_done_once(settings: Settings) -> None:
    async with pair(settings) as (alice, bob):
        offered = await asked(alice, "offer", queue="chores", text="write the tests", key="k")
        assert (
            await asked(alice, "offer", queue="chores", text="write the tests", key="k") == offered
        )
        work = (await asked(bob, "take", queue="chores"))["work"]
        assert work["content"] == "write the tests" and work["attempt"] == 1
        assert (await read(alice, offered["uri"]))["state"] == "working"
        assert await asked(alice, "take", queue="chores") == {}
        assert "not yours" in await refused(alice, "done", task=work["task"])
        await asked(bob, "done", task=work["task"], text="12 tests, all green")
        ended = await read(alice, offered["uri"])
        assert (ended["state"], ended["text"]) == ("completed", '"12 tests, all green"')
        assert "not yours" in await refused(bob, "done", task=work["task"])


async def test_work_can_fail_and_be_given_back(settings: Settings) -> None:
    async with pair(settings) as (alice, bob):
        offered = await asked(alice, "offer", queue="chores", text="hard", priority=5)
        work = (await asked(bob, "take", queue="chores"))["work"]
        await asked(bob, "done", task=work["task"], outcome="give_back")
        again = (await asked(alice, "take", queue="chores"))["work"]
        assert (again["task"], again["attempt"]) == (work["task"], 1)
        await asked(alice, "done", task=again["task"], outcome="failed", text="no idea how")
        ended = await read(bob, offered["uri"])
        assert (ended["state"], ended["text"]) == ("failed", "no idea how")


@pytest.mark.parametrize("queue", ["agent_status:bob", "memory:consolidation"])
async def test_nobody_takes_what_is_not_for_agents(settings: Settings, queue: str) -> None:
    async with pair(settings) as (alice, _):
        for tool, arguments in (("take", {}), ("offer", {"text": "x"})):
            assert "not for tasks of agents" in await refused(alice, tool, queue=queue, **arguments)


async def test_a_name_is_reserved_by_one_at_a_time(settings: Settings) -> None:
    async with pair(settings) as (alice, bob):
        first = await asked(alice, "reserve", name="src/main.py")
        assert await asked(alice, "reserve", name="src/main.py") == first
        assert "reserved by alice" in await refused(bob, "reserve", name="src/main.py")
        waiting = asyncio.create_task(asked(bob, "reserve", name="src/main.py", wait_s=30))
        assert (await asked(alice, "reserve", name="src/main.py", release=True))["released"]
        assert (await waiting)["fence"] > first["fence"]
        assert not (await asked(alice, "reserve", name="src/main.py", release=True))["released"]


@pytest.mark.slow
async def test_what_an_agent_holds_is_renewed_while_its_session_lives(settings: Settings) -> None:
    short = settings.model_copy(update=SHORT)
    async with pair(short) as (alice, bob), Colony.connect(settings=short) as colony:
        await asked(alice, "offer", queue="chores", text="slow")
        work = (await asked(alice, "take", queue="chores"))["work"]
        await asked(alice, "reserve", name="main.py")
        begun_ms = await colony.redis.clock_ms("any")

        async def leases_would_be_over() -> bool:
            assert await asked(bob, "take", queue="chores") == {}
            return await colony.redis.clock_ms("any") > begun_ms + 2500

        await until(leases_would_be_over)
        assert [(one.name, one.by) for one in await colony.reservations()] == [("main.py", "alice")]
        assert (await colony.queue("chores").audit()).returned == 0
        assert [one.state for one in await colony.agents()] == ["idle", "idle"]
        await asked(alice, "done", task=work["task"])


async def test_an_end_of_the_session_gives_everything_back_at_once(settings: Settings) -> None:
    async with Colony.connect(settings=settings) as colony:
        async with in_process(settings, agent="alice") as alice:
            await asked(alice, "offer", queue="chores", text="unfinished")
            await asked(alice, "take", queue="chores")
            await asked(alice, "reserve", name="main.py")
        assert await colony.reservations() == []
        assert [one.state for one in await colony.agents()] == ["offline"]
        books = await colony.queue("chores").audit()
        assert (books.waiting, books.leased, books.returned) == (1, 0, 0)


async def test_what_was_lost_is_said_with_the_next_call(settings: Settings) -> None:
    short = settings.model_copy(update=SHORT)
    async with in_process(short, agent="bob") as bob, Colony.connect(settings=short) as colony:
        await asked(bob, "reserve", name="main.py")
        await colony.release("main.py")

        async def is_told() -> bool:
            result = await bob.call_tool("inbox", {})
            return result.is_error and "main.py: was released" in str(result.content)

        await until(is_told)
        assert (await asked(bob, "inbox")) == {"messages": [], "more": False}
        async with colony.join("bob", takeover=True):

            async def is_superseded() -> bool:
                return (await bob.call_tool("inbox", {})).is_error

            await until(is_superseded)
            assert "is held by" in await refused(bob, "inbox")


@pytest.mark.slow
async def test_a_process_that_is_killed_loses_what_it_held(settings: Settings) -> None:
    leases = {"THOUGHTSTREAM_AGENTS__LEASE_S": "1", "THOUGHTSTREAM_QUEUE__LEASE_S": "1"}
    parameters = program(settings, "--agent", "alice", **leases)
    short = settings.model_copy(update=SHORT)
    async with in_process(short, agent="bob") as bob:
        async with Client(parameters) as alice:
            await asked(alice, "offer", queue="chores", text="unfinished")
            await asked(alice, "take", queue="chores")
            await asked(alice, "reserve", name="main.py")
            [process] = [one for one in psutil.Process().children() if "mcp" in one.cmdline()]
            process.kill()
        assert (await asked(bob, "reserve", name="main.py", wait_s=20))["fence"]
        assert (await asked(bob, "take", queue="chores", wait_s=20))["work"]["attempt"] == 2
