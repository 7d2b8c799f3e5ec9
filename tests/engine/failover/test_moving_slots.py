"""Slots that move while their minds are used."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, get_args

import pytest
from redis.crc import key_slot

from tests.clusters import Cluster
from tests.engine.failover.minds import NAMES, at_rest, busy, in_thread, more, slot_of
from tests.servers import RedisServer
from tests.services import running, until
from thoughtstream import Mind, keys
from thoughtstream.config import Settings
from thoughtstream.coordination.membership import alive_services
from thoughtstream.keys import Kind
from thoughtstream.store.connection import open_client

pytestmark = pytest.mark.slow


async def test_a_slot_on_its_way_is_waited_for(cluster: Cluster, settings: Settings) -> None:
    """Half of a mind's keys are here, half there: what needs several of them waits."""
    name = NAMES[1]
    slot = slot_of(name)
    home = cluster.owner(slot)
    to = next(port for port in cluster.masters if port != home)
    async with running(settings), busy(settings, [name]) as said:
        await more(said)
        with cluster.moving(slot, to) as move_keys:
            await in_thread(move_keys, 3)
            thoughts = len(said[name].thoughts)

            async def thinks() -> bool:
                return len(said[name].thoughts) > thoughts + 3

            await until(thinks)  # a window is one key
        await more(said)
        await in_thread(cluster.move, slot, home)
    assert said[name].errors == []
    async with running(settings):
        await at_rest(settings, name, said[name])


async def test_no_function_begins_where_a_new_key_would_break_it_off(
    cluster: Cluster, settings: Settings
) -> None:
    """Every key of the mind is still here: only one that is never there keeps a cycle waiting."""
    name = NAMES[2]
    slot = slot_of(name)
    home = cluster.owner(slot)
    to = next(port for port in cluster.masters if port != home)
    async with Mind.connect(name, settings=settings) as mind:
        for kind in get_args(Kind):
            await mind.anchor("known", kind=kind)
        for family in (keys.UNCONSCIOUS, keys.REJECTED):
            await mind._redis.xadd(family.key(mind=name), {"id": "1-1@sensory", "content": "x"})
        for window in keys.STANDARD_WINDOWS:
            await mind.think("first", window=window)
            await mind.think("second", window=window)
        first = (await mind.attend()).attended
        assert first is not None

        async def is_due() -> bool:
            (server_s, micros) = await mind._redis.time(target_nodes="random")
            return server_s * 1000 + micros // 1000 > first.encode_at

        async def is_refused() -> bool:
            return _refused(cluster.servers[home]) > before

        await until(is_due)
        before = _refused(cluster.servers[home])
        with cluster.moving(slot, to):
            late = asyncio.create_task(mind.attend())
            await until(is_refused)
            assert not late.done()
        assert (await late).anchored_ids == [first.id]
        assert (await mind.audit()).faults == []
    await in_thread(cluster.move, slot, home)


async def test_minds_are_found_wherever_the_registries_are(
    cluster: Cluster, settings: Settings
) -> None:
    """A server's registry is one key, whose slot may move to another that has its own."""
    async with running(settings), connected(settings) as redis:
        for name in NAMES:
            await redis.xadd(keys.WINDOW.key(mind=name, window="new"), {"content": "-"})
        await until(lambda: attended(redis, 1))
        registry = keys.FOUND.key(part="0")
        slot = key_slot(registry.encode())
        assert await redis.scard(registry) > 1
    home = cluster.owner(slot)
    to = next(port for port in cluster.masters if port != home)
    await in_thread(cluster.move, slot, to)
    async with running(settings), connected(settings) as redis:

        async def all_are_served() -> bool:
            return [one.about["minds"] for one in await alive_services(redis)] == [len(NAMES)]

        await until(all_are_served)
        for name in NAMES:
            await redis.xadd(keys.WINDOW.key(mind=name, window="newer"), {"content": "-"})
        await until(lambda: attended(redis, 2))
    await in_thread(cluster.move, slot, home)


async def attended(redis: Any, count: int) -> bool:
    found = [await redis.hget(keys.LEDGER.key(mind=name), "attended") for name in NAMES]
    return found == [str(count)] * len(NAMES)


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Any]:
    redis = await open_client(settings.redis)
    yield redis
    await redis.aclose()


def _refused(server: RedisServer) -> int:
    """How often a node has refused to run a Function."""
    with server.client() as client:
        stats: Any = client.info("commandstats")
    return int(stats["cmdstat_fcall"]["rejected_calls"])
