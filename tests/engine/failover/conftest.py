"""A cluster that changes while it is used, and settings for it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clusters import Cluster, of_each_version
from tests.servers import programs
from thoughtstream.config import MemoryConfig, RedisConfig, Settings, StreamConfig


@pytest.fixture(scope="session")
def cluster_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Cluster]]:
    """Three masters with a replica each, which lose patience soon; one cluster a version."""
    directory = tmp_path_factory.mktemp("failover")
    with of_each_version(directory, "cluster-node-timeout 1000", replicas=1) as of:
        yield of


@pytest.fixture(params=sorted(programs()))
def cluster(request: pytest.FixtureRequest, cluster_of: Callable[[str], Cluster]) -> Cluster:
    """A well cluster; where its slots are is what a test left."""
    found = cluster_of(request.param)
    found.wait_until_whole()
    return found


@pytest.fixture
def settings(cluster: Cluster, tmp_path: Path) -> Settings:
    """For the cluster, which is empty now."""
    for port in cluster.masters:
        with cluster.servers[port].client() as client:
            client.flushall()
    return Settings(
        home=tmp_path,
        redis=RedisConfig(url=cluster.url),
        streams=StreamConfig(
            working_memory_ttl_ms=200, cycle_target_ms=5, working_memory_maxlen=0,
            assembled_maxlen=100_000,
        ),
        memory=MemoryConfig(trigger_limit=0),
    )  # fmt: skip
