"""What has gone wrong with other buses of agents: each a case that ours survives."""

import asyncio
from pathlib import Path

from tests.servers import RedisServer
from thoughtstream import keys
from thoughtstream.colony import Colony
from thoughtstream.config import AgentsConfig, RedisConfig, Settings
from thoughtstream.coordination.agents import Agents
from thoughtstream.coordination.index import Index
from thoughtstream.store.client import Client


async def test_one_missed_heartbeat_reaps_nobody(
    redis: Client, server: RedisServer, tmp_path: Path
) -> None:
    """AgentWorkforce/relay#1458: it reaped eleven that were alive."""
    config = AgentsConfig(lease_s=4)
    settings = Settings(home=tmp_path, redis=RedisConfig(url=server.url), agents=config)
    async with Colony.connect(settings=settings) as colony:
        names = [f"agent {number}" for number in range(11)]
        for name in names:
            await colony.register(name)
        await asyncio.sleep(1.1 * config.beat_s)  # what is tested is that time passes
        await redis.zadd(keys.AGENTS.key(), dict.fromkeys(names, 1))
        await Agents(redis, config).sweep()
        assert {agent.id: agent.state for agent in await colony.agents()} == dict.fromkeys(
            names, "idle"
        )


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
    await redis.delete(keys.AGENTS.key(), keys.AGENTS_OLD.key())
    async with colony.join("ana") as third:
        assert third.fence > second.fence
        [message] = await third.inbox()
        assert message.text == "1" and await message.read()
        await colony.rebuild_index()
        assert [agent.id for agent in await colony.agents()] == ["ana"]
        assert [one.text for one in await colony.inbox("ana", 9)] == ["2", "3"]


async def test_who_joins_just_as_it_is_taken_off_the_list_is_on_it(
    colony: Colony, redis: Client
) -> None:
    """hivemoot#234: what there is and its index had different lives."""
    index = Index(redis, keys.AGENTS.key(), 15_000)
    await index.note(("ana", 0), ("bo", 0))
    due = await index.due()
    assert {*due.names} == {"ana", "bo"}
    await colony.register("ana")
    await index.note(("ana", "gone"), ("bo", "gone"), after=due)
    assert await index.names() == ["ana"]


async def test_who_leaves_is_taken_off_the_list_by_a_sweep(colony: Colony, redis: Client) -> None:
    """Not by itself: it could be back by then."""
    index = Index(redis, keys.AGENTS.key(), 15_000)
    await colony.register("ana")
    await colony.leave("ana")
    assert (await index.names(), await colony.agents()) == (["ana"], [])
    await Agents(redis, AgentsConfig()).sweep()
    assert await index.names() == []
