"""The measure that operations are held to: it sees nothing where nothing was lost, and everything
that was.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clusters import Cluster
from tests.drills.cluster import served
from tests.drills.endpoint import Endpoint
from tests.drills.workload import after_load, under_load
from tests.servers import WHEEL
from thoughtstream import keys


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with services."""
    with served(tmp_path_factory.mktemp("served"), WHEEL, random.Random(7)) as (cluster, _):
        yield cluster


@pytest.fixture
def cluster(one: Cluster) -> Cluster:
    """A whole one, whatever a test did."""
    one.wait_until_whole()
    return one


@pytest.fixture
def endpoint(cluster: Cluster) -> Endpoint:
    return Endpoint(tuple(("127.0.0.1", port) for port in cluster.servers))


def test_handovers_cost_nobody_anything_and_a_loss_is_seen(
    cluster: Cluster, endpoint: Endpoint, tmp_path: Path
) -> None:
    calm = under_load(
        "handovers", lambda: [*map(cluster.hand_over, cluster.masters)], endpoint, tmp_path,
        planned=True,
    )  # fmt: skip

    assert calm.good, calm
    assert calm.attended > 0

    def spoil() -> None:
        redis = endpoint.connect()
        redis.delete("proof:{0}:spoilt-0-keys:0:0")
        redis.set("proof:{1}:spoilt-0-keys:0:1", "something else")
        assembled = keys.ASSEMBLED.key(mind="spoilt-0")
        newest: Any = redis.xrevrange(assembled, count=1)
        redis.xadd(assembled, newest[0][1])
        redis.hincrby(keys.LEDGER.key(mind="spoilt-1"), "adopted", 1)
        redis.close()

    spoilt = under_load("spoilt", spoil, endpoint, tmp_path, planned=True)

    found = (spoilt.lost, spoilt.wrong, spoilt.attended_twice, spoilt.ledger_faults)
    assert found == (1, 1, 1, 1), spoilt
    assert not spoilt.good


def test_what_was_anchored_on_replicas_outlives_its_master(
    cluster: Cluster, endpoint: Endpoint, tmp_path: Path
) -> None:
    def kill() -> None:
        master = cluster.masters[0]
        successor = cluster.replica_of(master)
        cluster.servers[master].kill()
        cluster.wait_until_master(successor)
        cluster.servers[master].start()

    outcome = under_load("kill -9", kill, endpoint, tmp_path, planned=False)

    assert outcome.good, outcome
    assert outcome.acknowledged > 0 and outcome.may_lose > 0


def test_what_is_done_after_the_work_may_lose_nothing(endpoint: Endpoint, tmp_path: Path) -> None:
    def empty() -> None:
        redis = endpoint.connect()
        redis.flushall(target_nodes="primaries")
        redis.close()

    emptied = after_load("flushall", empty, endpoint, tmp_path)

    assert emptied.lost == emptied.acknowledged > 0, emptied
