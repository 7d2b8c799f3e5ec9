"""Agents: who is there is known, who is gone goes offline, and one name is one agent."""

import asyncio
import json
import sys
from typing import Any

import pytest

from tests.coordination.conftest import LEASE_S, until
from tests.servers import RedisServer
from thoughtstream import keys
from thoughtstream.colony import Colony
from thoughtstream.config import AgentsConfig, Settings
from thoughtstream.coordination.agents import Agents, agent_key
from thoughtstream.errors import AgentHeld, AgentSuperseded, InvalidTask, MemoryFull
from thoughtstream.store.client import Client

NAMES = ["ana", "a b", "{ana}", "a}b{c", "100%", "anä 日本語", "a:b", "x" * 900, "\udcff", "*"]


async def states(colony: Colony) -> dict[str, str]:
    return {status.id: status.state for status in await colony.agents()}


def said(server: RedisServer, name: str) -> dict[str, Any]:
    """What any client of Redis gets."""
    with server.client() as client:
        text: Any = client.get(f"agent_status:{name}")
    return dict(json.loads(text))


async def look_past(agents: Agents, redis: Client, name: str) -> None:
    """Sweep, the agent being due."""
    await redis.zadd(keys.AGENTS.key(), {name: 1})
    await agents.sweep()


async def test_an_agents_status_is_a_bare_json_that_anybody_gets(
    colony: Colony, server: RedisServer
) -> None:
    async with colony.join("thoughtseed_001", skills=["python", "review"]) as agent:
        await colony.send("bo", "thoughtseed_001", "hello")
        async with agent.working("compiling"):
            status = said(server, "thoughtseed_001")
        assert (status["state"], status["task"]) == ("working", "compiling")
        assert (status["skills"], status["inbox"]["waiting"]) == (["python", "review"], 1)
        assert said(server, "thoughtseed_001")["state"] == "idle"
        with server.client() as client:
            assert client.ttl("agent_status:thoughtseed_001") == -1, "never evicted"
    assert said(server, "thoughtseed_001")["state"] == "offline"
    assert await states(colony) == {"thoughtseed_001": "offline"}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
async def test_any_name_is_one_agent_with_all_its_keys_in_one_slot(
    name: str, colony: Colony, redis: Client
) -> None:
    async with colony.join(name, skills=["ünï"]) as agent:
        handle = await colony.send(name, name, "a word to myself")
        [message] = await agent.inbox()
        await message.read("yes")
        assert await handle.result(5) == "yes"
        [status] = await colony.agents()
        assert (status.id, status.state, status.skills) == (name, "idle", ("ünï",))
        own = [key async for key in redis.scan_iter() if "agent_status:" in key]
        status_key = agent_key(keys.AGENT_STATUS, name)
        tags = {key.partition("{")[2].rpartition("}")[0] or key for key in own}
        assert tags == {status_key}


@pytest.mark.parametrize("name", ["", "x" * 990])
async def test_a_name_that_can_be_none_is_refused(name: str, colony: Colony) -> None:
    with pytest.raises(InvalidTask, match="agent: "):
        await colony.register(name)
    assert await colony.agents() == []


async def test_heartbeats_keep_an_agent_and_silence_ends_it(
    colony: Colony, server: RedisServer
) -> None:
    async with colony.join("ana"):
        await colony.register("bo", ["sleeping"])
        await until(lambda: _is(colony, "bo", "offline"))
        await until(lambda: said(server, "bo")["state"] == "offline")  # ana has looked after it
        assert await states(colony) == {"ana": "idle", "bo": "offline"}


async def _is(colony: Colony, name: str, state: str) -> bool:
    return (await states(colony)).get(name) == state


async def test_an_agent_that_is_killed_is_offline_and_its_name_free_within_its_lease(
    colony: Colony, settings: Settings, server: RedisServer
) -> None:
    script = f"""
import asyncio
from thoughtstream.colony import Colony
from thoughtstream.config import Settings
settings = Settings.model_validate_json({settings.model_dump_json()!r})
async def main():
    async with Colony.connect(settings=settings) as colony:
        async with colony.join("ana") as ana, ana.reserve("main.py"):
            [message] = await ana.inbox()
            print("holds", flush=True)
            await asyncio.Event().wait()
asyncio.run(main())
"""
    await colony.register("ana")
    handle = await colony.send("bo", "ana", "do it")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"holds\n"
    with pytest.raises(AgentHeld, match=rf"ana: is held by .*-{process.pid}-"):
        await colony.register("ana")
    process.kill()
    await process.wait()
    async with colony.join("bo"):
        async with colony.reserve("main.py", by="bo", wait_s=10):
            await until(lambda: said(server, "ana")["state"] == "offline")
        async with colony.join("ana") as ana:
            [message] = await ana.inbox(wait_s=10)
            assert await message.read()
    assert await handle.result(1) is None


async def test_who_took_a_name_over_has_it_and_the_other_ends(colony: Colony) -> None:
    with pytest.raises(AgentSuperseded, match="ana: another has taken the name over"):
        async with colony.join("ana") as first:
            with pytest.raises(AgentHeld, match="takeover"):
                await colony.register("ana")
            async with colony.join("ana", takeover=True) as second:
                assert second.fence > first.fence
                await asyncio.sleep(30)  # cut off by the first one's end
    assert await states(colony) == {"ana": "offline"}
    async with colony.join("ana") as third:
        assert third.fence > second.fence


async def test_a_clock_that_jumps_ahead_reaps_nobody_who_still_beats(
    redis: Client, server: RedisServer
) -> None:
    agents = Agents(redis, AgentsConfig(lease_s=LEASE_S))
    who = [await agents.register(f"agent {n}", [], holder="h") for n in range(11)]
    for one in who:  # as they are after a jump: all leases ended long ago
        await redis.hset(agent_key(keys.AGENT_STATE, one.name), mapping={"ends": 1, "clock": 1})
        await look_past(agents, redis, one.name)
    assert all(said(server, one.name)["state"] == "idle" for one in who)
    for one in who[1:]:
        await agents.beat(one)
    await asyncio.sleep(AgentsConfig(lease_s=LEASE_S).beat_s)  # what is tested is that time passes
    for one in who:
        await look_past(agents, redis, one.name)
    assert said(server, who[0].name)["state"] == "offline", "it has said nothing since"
    assert all(said(server, one.name)["state"] == "idle" for one in who[1:])


@pytest.mark.parametrize("still_beats", [True, False])
async def test_a_clock_that_is_set_back_keeps_nobody_alive(
    still_beats: bool, redis: Client
) -> None:
    agents = Agents(redis, AgentsConfig(lease_s=LEASE_S))
    who = await agents.register("ana", [], holder="h")
    state, hour = agent_key(keys.AGENT_STATE, "ana"), 3_600_000
    for name in ("clock", "ends"):  # as if the server's had been an hour ahead
        await redis.hincrby(state, name, hour)
    if still_beats:
        await agents.beat(who)
    status = await agents.status("ana")
    assert status is not None
    assert status.state == "idle"

    async def is_offline() -> bool:
        await look_past(agents, redis, "ana")
        found = await agents.status("ana")
        return found is not None and found.state == "offline"

    await until(is_offline)
    assert (await agents.register("ana", [], holder="x")).fence > who.fence


async def test_a_clock_that_is_set_back_keeps_nobody_offline_for_ever(
    redis: Client,
) -> None:
    """Whoever is looked at since, too early, is looked at again when it is time."""
    config = AgentsConfig(offline_ttl_s=60, left_ttl_s=1)
    agents = Agents(redis, config)
    await agents.beat(await agents.register("ana", []), "offline")
    await look_past(agents, redis, "ana")
    ask: Any = redis
    state, old, hour = agent_key(keys.AGENT_STATE, "ana"), keys.AGENTS_OLD.key(), 3_600_000
    for name in ("clock", "ends"):  # as if the server's had been an hour ahead
        await ask.hincrby(state, name, hour)
    await ask.zincrby(old, hour, "ana")
    await agents.sweep()
    await ask.hincrby(state, "clock", -60_000)  # a minute passes
    await ask.zadd(old, {"ana": 1}, xx=True)
    await agents.sweep()
    assert await agents.old() == []
    assert not await redis.exists(state, agent_key(keys.AGENT_STATUS, "ana"))


async def test_the_index_is_a_projection(colony: Colony, redis: Client) -> None:
    await colony.register("bo")
    await redis.zadd(keys.AGENTS.key(), {"ghost": 1})
    assert [*await states(colony)] == ["bo"]
    async with colony.join("ana"):
        await until(lambda: _lacks_ghost(redis))
        await redis.delete(keys.AGENTS.key())
        await until(lambda: _is(colony, "ana", "idle"))
    assert [*await states(colony)] == ["ana"], "bo doesn't beat"
    assert await colony.rebuild_index() == 2
    assert [*await states(colony)] == ["ana", "bo"]


async def _lacks_ghost(redis: Client) -> bool:
    return await redis.zscore(keys.AGENTS.key(), "ghost") is None


async def test_an_agent_that_left_says_so_and_is_forgotten_in_the_end(
    colony: Colony, redis: Client, server: RedisServer
) -> None:
    async with colony.join("bo"):
        await colony.register("ana", ["x"])
        assert await colony.leave("ana")
        assert not await colony.leave("ana")
        assert said(server, "ana")["state"] == "left"
        assert [*await states(colony)] == ["bo"]
        fence = int(await redis.hget(agent_key(keys.AGENT_PAST, "ana"), "fence") or 0)
        await redis.zadd(keys.AGENTS_OLD.key(), {"ana": 1, "bo": 1})  # as a day later
        await until(lambda: _is_gone(redis, "ana"))
        assert [*await states(colony)] == ["bo"], "who is there is not forgotten"
    async with colony.join("ana") as ana:
        assert ana.fence > fence
    left = [key async for key in redis.scan_iter("*{agent_status:bo}:past")]
    assert left == []


async def _is_gone(redis: Client, name: str) -> bool:
    return not await redis.exists(
        agent_key(keys.AGENT_STATUS, name), agent_key(keys.AGENT_PAST, name)
    )


async def test_an_agent_that_was_made_leave_ends(colony: Colony) -> None:
    with pytest.raises(AgentSuperseded, match="made leave"):
        async with colony.join("ana"):
            await colony.leave("ana")
            await asyncio.sleep(30)  # cut off


async def test_agents_go_on_where_functions_or_all_data_are_lost(
    colony: Colony, redis: Client
) -> None:
    async with colony.join("ana"), colony.join("bo"):
        await redis.function_flush()
        await asyncio.sleep(LEASE_S)
        assert await states(colony) == {"ana": "idle", "bo": "idle"}
        await redis.flushall()
        await until(lambda: _is(colony, "ana", "idle"))
        await until(lambda: _is(colony, "bo", "idle"))


async def test_agents_wait_for_a_redis_that_is_away(colony: Colony, server: RedisServer) -> None:
    async with colony.join("ana"):
        server.kill()
        await asyncio.sleep(LEASE_S)
        server.start()
        await until(lambda: _is(colony, "ana", "idle"))


async def test_a_full_redis_loses_no_agent_and_takes_beats(
    colony: Colony, redis: Client, server: RedisServer
) -> None:
    for number in range(50):
        await colony.register(f"agent {number}")
    async with colony.join("ana"), colony.join("bo") as bo, bo.reserve("port 80"):
        info: Any = await redis.info("memory")
        await redis.config_set("maxmemory", info["used_memory"] - 100_000)
        try:
            with pytest.raises(MemoryFull):
                await colony.send("bo", "ana", "x" * 1000)
            before = said(server, "ana")["last_seen"]
            await asyncio.sleep(1.5 * LEASE_S)
            assert said(server, "ana")["last_seen"] > before
            assert len(await colony.agents()) == 52
            assert (await states(colony))["ana"] == "idle"
            assert [one.name for one in await colony.reservations()] == ["port 80"]
        finally:
            await redis.config_set("maxmemory", 0)
