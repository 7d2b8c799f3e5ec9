"""Agents, messages, packets and reservations on a cluster: each on one of its nodes."""

from functools import partial
from pathlib import Path

import pytest

from tests.clusters import cluster
from tests.coordination.conftest import short, until
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import keys
from thoughtstream.colony import Colony
from thoughtstream.coordination.agents import agent_key
from thoughtstream.coordination.packets import Packet
from thoughtstream.store.client import Client

NAMES = [f"agent {{{number}}}" for number in range(30)]


@pytest.mark.slow
async def test_a_colony_lives_on_all_nodes(tmp_path: Path) -> None:
    (tmp_path / "nodes").mkdir()
    make = partial(RedisServer, programs()[WHEEL])
    with cluster(tmp_path / "nodes", make) as url:
        async with Colony.connect(settings=short(url, tmp_path / "home")) as colony:
            redis = colony.redis
            for name in NAMES:
                await colony.register(name, ["x"])
            assert {status.id for status in await colony.agents()} == set(NAMES)
            assert len({_place(redis, name) for name in NAMES}) == 3
            delivery = await colony.dispatch(Packet("s", "d", "hello", targets=tuple(NAMES)))
            assert delivery.delivered == tuple(NAMES)
            for name in NAMES:
                handle = await colony.send("bo", name, "a word")
                packet, message = await colony.inbox(name, most=2)
                assert (packet.text, message.text) == ("hello", "a word")
                await message.read("yes")
                assert await handle.result(5) == "yes"
            async with colony.join("ana"):
                await until(lambda: _all_offline(colony))
                for name in NAMES[:5]:
                    async with colony.reserve(name, by="ana"):
                        [held] = await colony.reservations()
                        assert held.name == name
                await redis.delete(keys.AGENTS.key())
                assert await colony.rebuild_index() == len(NAMES) + 1
                assert len(await colony.agents()) == len(NAMES) + 1
            lineage = colony.lineage("kin {1}")
            await lineage.found("tea", 4, 1)
            for name in NAMES[:5]:
                await lineage.observe(name, "tea", 5)
            assert (await lineage.believes("tea")).observations == 5
            assert await lineage.forget(NAMES[0]) == 1
            assert (await lineage.believes("tea", NAMES[1])).observations == 1
            found = await redis.find("*")
            assert [key for key in found if keys.family_of(key) is None] == []


def _place(redis: Client, name: str) -> str:
    return redis.server_of(agent_key(keys.AGENT_STATUS, name))


async def _all_offline(colony: Colony) -> bool:
    states = {status.id: status.state for status in await colony.agents()}
    return states.pop("ana") == "idle" and set(states.values()) == {"offline"}
