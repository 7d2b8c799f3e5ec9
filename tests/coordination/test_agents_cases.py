"""What has gone wrong with other buses of agents: each a case that ours survives."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from tests.coordination.conftest import until
from tests.servers import RedisServer
from thoughtstream.colony import Colony
from thoughtstream.config import AgentsConfig, RedisConfig, Settings
from thoughtstream.store.client import Client


async def test_one_missed_heartbeat_reaps_nobody(
    redis: Client, server: RedisServer, tmp_path: Path
) -> None:
    """AgentWorkforce/relay#1458: it reaped eleven that were alive."""
    agents = AgentsConfig(lease_s=4)
    settings = Settings(home=tmp_path, redis=RedisConfig(url=server.url), agents=agents)
    async with Colony.connect(settings=settings) as colony, AsyncExitStack() as joined:
        for number in range(11):
            await joined.enter_async_context(colony.join(f"agent {number}"))
        before = {agent.id: agent.last_seen for agent in await colony.agents()}
        with server.frozen():
            await asyncio.sleep(1.1 * agents.beat_s)  # what is tested is that time passes
        assert [agent.state for agent in await colony.agents()] == ["idle"] * 11
        await until(lambda: _all_seen_since(colony, before))
        assert [agent.state for agent in await colony.agents()] == ["idle"] * 11


async def _all_seen_since(colony: Colony, before: dict[str, int]) -> bool:
    return all(agent.last_seen > before[agent.id] for agent in await colony.agents())


async def test_an_inbox_stays_whoever_is_the_agent_now(colony: Colony, redis: Client) -> None:
    """mcp_agent_mail#247: after a renumbering, an inbox was nobody's."""
    async with colony.join("ana") as first:
        for number in range(4):
            await colony.send("bo", "ana", str(number))
        async with colony.join("ana", takeover=True) as second:
            assert second.fence > first.fence
            [message] = await second.inbox()
            assert message.text == "0" and await message.read()
    await colony.leave("ana")
    await redis.delete("agents", "agents:old")
    async with colony.join("ana") as third:
        assert third.fence > second.fence
        [message] = await third.inbox()
        assert message.text == "1" and await message.read()
        await colony.rebuild_index()
        assert [agent.id for agent in await colony.agents()] == ["ana"]
        assert [one.text for one in await colony.inbox("ana", 9)] == ["2", "3"]


async def test_who_joins_just_as_it_is_taken_off_the_list_is_on_it(colony: Colony) -> None:
    """hivemoot#234: what there is and its index had different lives."""

    async def come_and_go(name: str) -> None:
        for _ in range(20):
            await colony.register(name)
            assert name in [agent.id for agent in await colony.agents()]
            await colony.leave(name)
        await colony.register(name)

    async with colony.join("sweeper"):
        names = [f"agent {number}" for number in range(5)]
        await asyncio.gather(*map(come_and_go, names))
        assert {agent.id for agent in await colony.agents()} == {*names, "sweeper"}
