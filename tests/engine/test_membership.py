"""A service is an agent: everybody sees it among them, and its death frees its minds at once."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Terminal
from tests.servers import RedisServer
from tests.services import ServiceProcess, running, until
from thoughtstream import keys
from thoughtstream.colony import Colony
from thoughtstream.config import Settings
from thoughtstream.coordination.agents import agent_key
from thoughtstream.coordination.membership import Membership, alive_services, may_be_attended
from thoughtstream.store.client import Client

MINDS = [f"mind {number}" for number in range(50)]


async def test_a_service_is_an_agent(
    redis: Client, server: RedisServer, settings: Settings, tmp_path: Path
) -> None:
    terminal = Terminal(tmp_path / "home", env={"REDIS_URL": server.url})
    async with running(settings):
        [service] = await alive_services(redis)
        [listed] = (await asyncio.to_thread(terminal.json, "agents", "list"))["agents"]
        assert (listed["id"], listed["skills"]) == (service.id, ["attention"])
        shown = await asyncio.to_thread(terminal.json, "status")
        assert [one["id"] for one in shown["services"]] == [service.id]
        assert shown["service"]["pid"] == service.about["pid"]
        said = json.loads(str(await redis.get(f"agent_status:{service.id}")))
        assert said["skills"] == ["attention"]
        assert said["version"] == shown["service"]["version"] == service.version
        await redis.xadd(keys.WINDOW.key(mind="ana", window="sensory"), {"content": "awake"})

        async def says_what_it_serves() -> bool:
            text = json.loads(str(await redis.get(f"agent_status:{service.id}")))
            return (text["minds"], text["state"], text["task"]) == (1, "working", "attention")

        await until(says_what_it_serves)
    assert json.loads(str(await redis.get(f"agent_status:{service.id}")))["state"] == "left"
    assert await alive_services(redis) == []
    async with Colony.connect(settings=settings) as colony:
        assert await colony.agents() == []


@pytest.mark.slow
async def test_a_killed_service_frees_its_minds_within_its_lease(
    redis: Client, server: RedisServer, tmp_path: Path
) -> None:
    other = Membership(redis)
    process = ServiceProcess(server.url, tmp_path / "service").start().wait_until_ready()
    try:
        assert await other.renew(0), "another is there"
        assert not all(other.serves(mind) for mind in MINDS)
        [killed] = other.alive - {other.id}
        process.kill()
        await until(lambda: _serves_all(other))
        await until(lambda: _renewed_without(other, redis, killed))
    finally:
        process.kill()


async def _serves_all(member: Membership) -> bool:
    await member.renew(0)
    return all(member.serves(mind) for mind in MINDS)


async def _renewed_without(member: Membership, redis: Client, name: str) -> bool:
    await member.renew(0)
    return await redis.zscore(keys.SERVICES.key(), name) is None


async def test_who_was_taken_for_dead_is_a_service_again(redis: Client) -> None:
    one, other = Membership(redis), Membership(redis)
    await one.renew(1)
    await redis.hset(agent_key(keys.AGENT_STATE, one.id), mapping={"ends": 1, "clock": 1})
    assert await other.renew(0)
    assert other.alive == {other.id}
    assert await redis.zscore(keys.SERVICES.key(), one.id), "it may have been the clock that jumped"
    await other.renew(0)
    assert await redis.zscore(keys.SERVICES.key(), one.id) is None
    await one.renew(1)
    assert await other.renew(0)
    assert one.alive | other.alive == {one.id, other.id}
    assert sorted(status.id for status in await alive_services(redis)) == sorted(other.alive)


async def test_who_died_before_the_clock_was_set_back_is_not_for_long_thought_to_be_late(
    redis: Client,
) -> None:
    dead = Membership(redis)
    await dead.renew(0)
    state = agent_key(keys.AGENT_STATE, dead.id)
    for name in ("clock", "ends"):  # as if the server's had been an hour ahead
        await redis.hincrby(state, name, 3_600_000)
    await redis.hset(state, "state", "offline")
    assert not await may_be_attended(redis)


async def test_services_that_lost_all_data_are_there_again(redis: Client) -> None:
    members = [Membership(redis) for _ in range(3)]
    for _ in range(2):
        for member in members:
            await member.renew(0)
        for member in members:
            await member.renew(0)
        assert all(member.alive == {one.id for one in members} for member in members)
        await redis.flushall()
    served = [[member.serves(mind) for member in members].count(True) for mind in MINDS]
    assert served == [1] * len(MINDS)


async def test_beside_a_service_of_the_version_before_no_mind_is_unserved(redis: Client) -> None:
    """It has minds of its own choice; so this one serves them all. Both do no harm."""
    now = await redis.clock_ms("any")
    former, services = "vm-1-0a", keys.FORMER[1].key()
    await redis.zadd(services, {former: now})
    await redis.hset(keys.FORMER[0].key(id=former), mapping={"minds": 1})
    member = Membership(redis)
    await member.renew(0)
    assert all(member.serves(mind) for mind in MINDS)
    assert await redis.zrange(services, 0, -1) == [former], "it is left alone"


async def test_a_heartbeat_is_no_more_than_it_was(redis: Client) -> None:
    """Three commands, with the look after the others."""
    members = [Membership(redis) for _ in range(2)]
    for _ in range(2):
        for member in members:
            await member.renew(1)
    before, beats = await _commands(redis), 10
    for _ in range(beats):
        for member in members:
            await member.renew(1)
    assert await _commands(redis) - before <= 3 * beats * len(members)


async def _commands(redis: Client) -> int:
    stats: Any = await redis.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in _COUNTED)


_COUNTED = ("fcall", "fcall_ro", "zrange")
"""Those of a heartbeat; what a Function calls counts in their time."""
