"""A master hands over to its best replica, is asked again, and nobody else takes over."""

from asyncio import to_thread
from pathlib import Path

import pytest
from redis.crc import key_slot

from deploy.cluster.failover import best_replica, disconnect_clients, fail_over
from deploy.cluster.health import problems
from deploy.cluster.nodes import ClusterError, wait_until_healthy
from deploy.cluster.topology import Node
from tests.deploy.changing.contents import all_there
from tests.deploy.processes import Processes
from thoughtstream import Mind, keys
from thoughtstream.config import RedisConfig, Settings

pytestmark = pytest.mark.slow


def test_a_master_hands_over_and_follows(nodes: Processes) -> None:
    before = nodes.view()
    master = before.masters[0]
    successor = best_replica(before, master)

    assert fail_over(nodes, master) == successor

    after = nodes.view()
    assert after.master_of(master) == successor
    assert after[successor].slots == before[master].slots
    assert problems(after, 1) == []
    assert all_there(nodes)
    assert nodes.told == [f"{successor} has taken over from {master}"]


def test_a_replica_that_gave_up_is_asked_again(
    nodes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.cluster.failover._TRIES_S", 0.5)
    master = nodes.view().masters[0]
    asked = []

    def ask(node: Node, *command: str) -> str:
        """As Redis: OK, whatever comes of it; of the first there comes nothing."""
        if command != ("cluster", "failover"):
            return Processes.ask(nodes, node, *command)
        asked.append(node)
        if len(asked) == 1:
            return "OK"
        monkeypatch.undo()  # from here on as it is
        return Processes.ask(nodes, node, *command)

    monkeypatch.setattr(nodes, "ask", ask)
    successor = fail_over(nodes, master)

    assert asked == [successor] * 2
    assert nodes.view().master_of(master) == successor
    assert problems(nodes.view(), 1) == []


def test_a_shard_goes_back_and_forth_and_every_vote_is_given(
    nodes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def ask(node: Node, *command: str) -> str:
        if command == ("cluster", "failover"):
            asked.append(node)
        return Processes.ask(nodes, node, *command)

    monkeypatch.setattr(nodes, "ask", ask)
    master = nodes.view().masters[0]
    successor = best_replica(nodes.view(), master)
    for leaving in (master, successor, master):
        fail_over(nodes, leaving)

    assert asked == [successor, master, successor], "once each: no vote was refused"
    logs = [server.directory / "redis.log" for server in nodes.cluster.servers.values()]
    assert not any("Failover auth denied" in log.read_text() for log in logs)


async def test_who_was_idle_meanwhile_loses_nothing_when_a_node_stops(
    nodes: Processes, tmp_path: Path
) -> None:
    """A node that is ending takes connections and answers nothing; here it is frozen."""
    settings = Settings(home=tmp_path, redis=RedisConfig(url=nodes.cluster.url))
    async with Mind.connect("idle", settings=settings) as mind:
        await mind.think("before")
        slot = key_slot(keys.LEDGER.key(mind="idle").encode())
        master = nodes.node(await to_thread(nodes.cluster.owner, slot))
        await to_thread(fail_over, nodes, master)
        await to_thread(disconnect_clients, nodes, master)
        with nodes.cluster.servers[master.port].frozen():
            await mind.think("after")
        assert (await mind.audit()).faults == []
    await to_thread(wait_until_healthy, nodes)


def test_a_replica_has_nothing_to_hand_over(nodes: Processes) -> None:
    view = nodes.view()
    replica = view.replicas(view.masters[0])[0]

    assert fail_over(nodes, replica) is None
    assert nodes.view().masters == view.masters


def test_a_replica_without_its_link_is_never_made_the_master(nodes: Processes) -> None:
    view = nodes.view()
    master = view.masters[0]
    replica = view.replicas(master)[0]
    server = nodes.cluster.servers[replica.port]
    with server.client() as client:
        client.config_set("masterauth", "wrong")
        client.config_set("masteruser", "nobody")
        client.client_kill_filter(_type="master")
        with pytest.raises(ClusterError, match="no replica that could take over"):
            fail_over(nodes, master)
        client.config_set("masterauth", "")
        client.config_set("masteruser", "")

    assert master in nodes.view().masters


def test_a_silent_replica_is_never_made_the_master(nodes: Processes) -> None:
    view = nodes.view()
    master = view.masters[0]
    server = nodes.cluster.servers[view.replicas(master)[0].port]
    server.kill()

    with pytest.raises(ClusterError, match="no replica that could take over"):
        fail_over(nodes, master)

    assert master in nodes.view().masters
    server.start()
