"""Nodes that die: nothing that was promised is lost, nobody waits for the dead."""

import pytest

from tests.clusters import Cluster
from tests.engine.failover.minds import NAMES, at_rest, busy, in_thread, more, slot_of
from tests.services import running
from thoughtstream import Mind, keys
from thoughtstream.config import RedisConfig, Settings
from thoughtstream.errors import NotDurable, RedisUnavailable

pytestmark = pytest.mark.slow


async def test_who_died_without_a_word_is_not_waited_for(
    cluster: Cluster, settings: Settings
) -> None:
    """A host without power closes no connection."""
    patient = settings.redis.model_copy(update={"timeout_s": 120})
    master = cluster.owner(slot_of("ana"))
    successor = cluster.replica_of(master)
    async with Mind.connect("ana", settings=settings.model_copy(update={"redis": patient})) as mind:
        await mind.think("before")
        with cluster.servers[master].frozen():
            with pytest.raises(RedisUnavailable, match="another one has taken over"):
                await mind.think("lost with it, or not")
            await mind.think("after")
        await in_thread(cluster.wait_until_master, successor)
        window = keys.WINDOW.key(mind="ana", window="sensory")
        assert await mind._redis.xlen(window) == 2


async def test_a_master_that_is_killed_loses_no_anchor(
    cluster: Cluster, settings: Settings
) -> None:
    victim = cluster.owner(slot_of(NAMES[0]))
    successor = cluster.replica_of(victim)
    async with running(settings) as service, busy(settings, NAMES) as said:
        await more(said)
        await in_thread(cluster.servers[victim].kill)
        await in_thread(cluster.wait_until_master, successor)
        await in_thread(cluster.servers[victim].start)  # anchors need a replica
        await more(said)
        assert not service.done()
    errors = [error for s in said.values() for error in s.errors]
    assert all(isinstance(error, RedisUnavailable | NotDurable) for error in errors)
    async with running(settings):
        for name in NAMES:
            await at_rest(settings, name, said[name], unsure=50)


async def test_it_ends_with_a_typed_error_where_nobody_takes_over(
    cluster: Cluster, settings: Settings
) -> None:
    impatient = settings.model_copy(update={"redis": RedisConfig(url=cluster.url, patience_s=0.2)})
    master = cluster.owner(slot_of("ana"))
    both = [master, cluster.replica_of(master)]
    async with Mind.connect("ana", settings=impatient) as mind:
        await mind.think("there")
        for port in both:
            await in_thread(cluster.servers[port].kill)
        for work in (mind.think("x"), mind.attend(), mind.audit(), mind.anchor("x")):
            with pytest.raises(RedisUnavailable):
                await work
        for port in both:
            await in_thread(cluster.servers[port].start)
        await in_thread(cluster.wait_until_whole)
        await mind.think("there again")
