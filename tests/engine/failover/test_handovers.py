"""Masters that hand over: nobody who uses the cluster notices."""

import asyncio
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from deploy.cluster.failover import disconnect_clients, fail_over
from tests.clusters import Cluster
from tests.deploy.processes import Processes
from tests.engine.failover.minds import NAMES, at_rest, busy, in_thread, more, slot_of
from tests.services import running, until
from thoughtstream import Mind, keys
from thoughtstream.config import Settings

pytestmark = pytest.mark.slow


async def test_what_is_planned_nobody_notices(cluster: Cluster, settings: Settings) -> None:
    """Handovers, restarts, a slot that moves to a new node and back, under load: no error."""
    nodes = Processes(cluster)
    async with running(settings), busy(settings, NAMES) as said:
        await more(said)
        for master in cluster.masters:
            await in_thread(fail_over, nodes, nodes.node(master))
            await in_thread(disconnect_clients, nodes, nodes.node(master))
            await in_thread(cluster.servers[master].stop)
            await in_thread(cluster.servers[master].start)
            await in_thread(cluster.wait_until_whole)
        await more(said)
        moved = NAMES[0]
        home, new = cluster.owner(slot_of(moved)), await in_thread(cluster.add)
        replica = await in_thread(partial(cluster.add, replica_of=new))
        await in_thread(cluster.move, slot_of(moved), new)
        await more(said)
        await in_thread(cluster.move, slot_of(moved), home)
        await more(said)
        await in_thread(cluster.remove, replica)
        await in_thread(cluster.remove, new)
        await more(said)
    assert [error for s in said.values() for error in s.errors] == []
    async with running(settings):
        for name in NAMES:
            await at_rest(settings, name, said[name])


async def test_who_hands_over_late_is_waited_for(cluster: Cluster, settings: Settings) -> None:
    """The others know who has taken over before the old master does, and it has a write to keep."""
    name = NAMES[0]
    master = cluster.owner(slot_of(name))
    await in_thread(cluster.wait_for_votes, master)
    async with Mind.connect(name, settings=settings) as mind:
        await mind.think("before")
        with cluster.servers[master].client() as client:
            client.execute_command("CLIENT PAUSE", 2500, "WRITE")
        late = asyncio.create_task(mind.think("meanwhile"))
        await in_thread(cluster.hand_over, master)
        await late
        assert await mind._redis.xlen(keys.WINDOW.key(mind=name, window="sensory")) == 2


async def test_who_stalls_after_handing_over_is_waited_for(
    cluster: Cluster, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its disk is busy: the others see that it is there still, and it will say where to go.
    An error would leave open whether the thought was taken.
    """
    monkeypatch.setattr("thoughtstream.store.failure_detection._AWAY_S", 0.5)
    master = cluster.owner(slot_of("ana"))
    async with Mind.connect("ana", settings=settings) as mind:
        redis: Any = mind._redis
        await mind.think("before")
        successor = await in_thread(cluster.hand_over, master)
        await in_thread(cluster.wait_until_whole)
        look, seen = redis.look_again, []

        async def look_again() -> None:
            await look()
            seen.append(redis.server_of(keys.LEDGER.key(mind="ana")))

        async def is_known_for_long() -> bool:
            return seen.count(f"127.0.0.1:{successor}") > 3

        monkeypatch.setattr(redis, "look_again", look_again)
        with (
            cluster.configured(cluster.servers, "cluster-node-timeout", 10_000),
            cluster.servers[master].frozen(),
        ):
            late = asyncio.create_task(mind.think("meanwhile"))
            await until(is_known_for_long)
            assert not late.done()
        await late
        assert await redis.xlen(keys.WINDOW.key(mind="ana", window="sensory")) == 2


async def test_a_handover_that_is_given_up_is_waited_out(
    cluster: Cluster, settings: Settings
) -> None:
    """Redis holds clients until it gives up, here since nobody votes."""
    name = NAMES[0]
    master = cluster.owner(slot_of(name))
    successor, others = cluster.replica_of(master), {*cluster.masters} - {master}
    await in_thread(cluster.wait_for_votes, master)  # else those of before would count
    logs = [cluster.servers[port].directory / "redis.log" for port in (master, successor)]
    before = {log: log.read_text() for log in logs}

    def given_up() -> bool:
        new = (log.read_text().removeprefix(before[log]) for log in logs)
        return all("Manual failover timed out" in text for text in new)

    thoughts = 0
    async with Mind.connect(name, settings=settings) as mind:
        await mind.think("before")
        with ExitStack() as stack:
            stack.enter_context(cluster.configured([master], "cluster-node-timeout", 60_000))
            for port in others:
                stack.enter_context(cluster.servers[port].frozen())
            with cluster.servers[successor].client() as client:
                client.execute_command("CLUSTER FAILOVER")
            while not given_up():
                await mind.think("meanwhile")
                thoughts += 1
        window = keys.WINDOW.key(mind=name, window="sensory")
        assert await mind._redis.xlen(window) == 1 + thoughts
    assert cluster.owner(slot_of(name)) == master


async def test_a_mind_that_slept_through_a_failover_wakes_up(
    cluster: Cluster, settings: Settings
) -> None:
    async with running(settings):
        for n in range(1, 3):
            for name in NAMES:
                async with Mind.connect(name, settings=settings) as mind:
                    await mind.think("awake", window="memory")

                    async def remembered(mind: Mind = mind, n: int = n) -> bool:
                        return (await mind.audit()).anchored == n

                    await until(remembered)
            for master in cluster.masters:
                await in_thread(cluster.hand_over, master)
            await in_thread(cluster.wait_until_whole)


async def test_who_watches_goes_on_through_a_handover(cluster: Cluster, settings: Settings) -> None:
    """Redis ends what waits on a master that ceases to be one, with an error of its own kind."""
    master = cluster.owner(slot_of("ana"))
    async with Mind.connect("ana", settings=settings) as mind:
        watching = asyncio.ensure_future(anext(mind.attended()))

        def is_waited_on() -> Any:
            with cluster.servers[master].client() as client:
                return client.info("clients")["blocked_clients"]

        await until(partial(in_thread, is_waited_on))
        await in_thread(cluster.hand_over, master)
        await mind.think("after")
        await mind.attend()
        assert (await watching).content == "after"
