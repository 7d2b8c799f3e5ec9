"""Clusters of processes with keys, whose slots and masters change."""

from collections.abc import Callable, Iterator

import pytest

from deploy.cluster.nodes import wait_until_healthy
from tests.clusters import Cluster, of_each_version
from tests.deploy.changing.contents import write_keys
from tests.deploy.processes import Processes
from tests.servers import programs


@pytest.fixture(scope="session")
def cluster_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Cluster]]:
    """A cluster of each version, made once."""
    directives = ("cluster-node-timeout 2000", "cluster-require-full-coverage no")
    with of_each_version(tmp_path_factory.mktemp("changing"), *directives, replicas=1) as of:
        yield of


@pytest.fixture(params=sorted(programs()))
def nodes(
    request: pytest.FixtureRequest,
    cluster_of: Callable[[str], Cluster],
    monkeypatch: pytest.MonkeyPatch,
) -> Processes:
    """A well cluster with some keys; where its slots are is what a test left."""
    monkeypatch.setattr("deploy.cluster.open_slots._STILL_S", 0.3)
    nodes = Processes(cluster_of(request.param))
    wait_until_healthy(nodes)
    write_keys(nodes)
    nodes.told.clear()
    return nodes
