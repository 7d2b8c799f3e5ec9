"""How a client finds the nodes: from any that its URL names, past those that are silent or gone."""

import asyncio
import socket
from typing import Any

import pytest
from redis.asyncio.cluster import ClusterNode
from redis.exceptions import MovedError

from tests import clusters
from tests.clusters import Cluster
from tests.engine.failover.minds import in_thread, slot_of
from thoughtstream import keys
from thoughtstream.config import Settings
from thoughtstream.store.calls import Call
from thoughtstream.store.connection import open_client

pytestmark = pytest.mark.slow


async def test_a_silent_node_that_the_url_names_keeps_nobody(
    cluster: Cluster, settings: Settings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it takes connections, and that is all
        nodes = f"127.0.0.1:{silent.getsockname()[1]},127.0.0.1:{cluster.masters[0]}"
        patient = settings.redis.model_copy(update={"timeout_s": 120})
        async with asyncio.timeout(30):
            redis = await open_client(patient, f"redis://{nodes}/0")
        await redis.aclose()


async def test_any_node_that_the_url_names_will_do(cluster: Cluster, settings: Settings) -> None:
    nodes = ",".join(["127.0.0.1:1", *(f"127.0.0.1:{port}" for port in cluster.masters[1:])])
    redis = await open_client(settings.redis, f"redis://{nodes}/0")
    assert await redis.ping()
    await redis.aclose()


@pytest.mark.parametrize("how", ["ends", "leaves"])
async def test_a_node_that_goes_between_two_questions_is_not_the_only_one(
    cluster: Cluster, settings: Settings, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """It has answered the first; at the second it is down, or a member no more."""
    port = clusters.free_port()
    if how == "leaves":
        cluster.servers[port] = cluster.make(port).start()
    client: Any = await open_client(settings.redis)
    await client.initialize()
    ask = client._topology._one_that_answers
    asked = []

    async def answer() -> Any:
        node, slots = await ask()
        asked.append(node)
        if len(asked) == 1:
            node = ClusterNode("127.0.0.1", port, **client.connection_kwargs)
        return node, slots

    monkeypatch.setattr(client._topology, "_one_that_answers", answer)
    client._topology._seen = None
    try:
        await client.look_again()
        assert len(asked) == 2
        assert len(client.get_primaries()) == clusters.MASTERS
    finally:
        await client.aclose()
        if how == "leaves":
            await in_thread(cluster.servers.pop(port).stop)


async def test_one_is_sent_elsewhere_for_a_slot_of_which_nobody_has_told(
    cluster: Cluster, settings: Settings
) -> None:
    """A node that has just joined knows less than the one that it is followed to."""
    slot = slot_of("ana")
    client: Any = await open_client(settings.redis)
    await client.initialize()
    del client.nodes_manager.slots_cache[slot]
    moved = Call((), {}, slot, answer=MovedError(f"{slot} 127.0.0.1:{cluster.owner(slot)}"))
    await client._topology.redirect(moved)
    assert client.server_of(keys.LEDGER.key(mind="ana")) == f"127.0.0.1:{cluster.owner(slot)}"
    await client.aclose()
