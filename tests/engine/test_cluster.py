"""The API and the service on a Redis Cluster: the same, given the URL of one of its nodes."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.test_service import running, until
from tests.servers import RedisServer, programs, wait_until
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought
from thoughtstream.config import RedisConfig, Settings, StreamConfig

NODES = 3
SLOTS = 16_384


def free_port() -> int:
    """A port that is free, and whose cluster bus port (10,000 more) is one, too."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port + 10_000 < 65_536:
            return port


@pytest.fixture(scope="module", params=sorted(programs()))
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a node of a cluster of three primaries."""
    servers, ports = [], [free_port() for _ in range(NODES)]
    for port in ports:
        listen = (f"port {port}", "bind 127.0.0.1", "cluster-enabled yes")
        directory = tmp_path_factory.mktemp("node")
        servers.append(RedisServer(programs()[request.param], directory, *listen).start())
    for n, server in enumerate(servers):
        with server.client() as client:
            first, last = n * SLOTS // NODES, (n + 1) * SLOTS // NODES - 1
            client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
            client.execute_command("CLUSTER MEET", "127.0.0.1", ports[0])

    def is_whole() -> bool:
        for server in servers:
            with server.client() as client:
                info: Any = client.execute_command("CLUSTER INFO")
            if (info["cluster_state"], info["cluster_known_nodes"]) != ("ok", str(NODES)):
                return False
        return True

    try:
        wait_until(is_whole, "the cluster is whole")
        yield f"redis://127.0.0.1:{ports[0]}/0"
    finally:
        for server in servers:
            server.stop()


async def test_minds_on_every_node_think_attend_and_remember(cluster: str, tmp_path: Path) -> None:
    streams = StreamConfig(working_memory_ttl_ms=200, cycle_target_ms=5)
    settings = Settings(home=tmp_path, redis=RedisConfig(url=cluster), streams=streams)
    names = [f"mind {n}" for n in range(9)]
    async with running(settings):
        for name in names:
            async with Mind.connect(name, settings=settings) as mind:
                await mind.feed([NewThought(content=f"{name}: thought {n}") for n in range(3)])
                await mind.anchor(f"{name} was here")

                async def all_remembered(mind: Mind = mind) -> bool:
                    return (await mind.audit()).anchored == 4

                await until(all_remembered, most_s=30)
                assert (await mind.audit()).balanced
                assert {hit.content for hit in await mind.recall("thought")} >= {
                    f"{name}: thought {n}" for n in range(3)
                }
                assert (await mind.state()).memory_counts["episodic"] == 4


async def test_one_mind_by_hand(cluster: str, tmp_path: Path) -> None:
    async with Mind.connect("ana", cluster, settings=Settings(home=tmp_path)) as mind:
        thought = await mind.think("the kettle is on", window="inner voice")
        report = await mind.attend()
        assert report.attended is not None
        assert report.attended.id == thought
        await mind.intervene(thought, "veto")
        assert (await anext(mind.attended(since="0"))).id == thought
