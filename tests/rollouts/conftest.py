"""The lab, for tests that make hosts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.host import Host
from tests.lab.lab import Lab

from .clusters import Cluster

SECONDS = 600
"""A deployment may take its time: packages are installed, images built, hosts rebooted."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the same hosts run in the same process, also where tests run side by side."""
    for item in items:
        if not item.path.is_relative_to(Path(__file__).parent):
            continue
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SECONDS), append=False)
        shared = "made_cluster" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("cluster" if shared else item.path.stem))


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Makes hosts; one for the whole run."""
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="session")
def three_hosts(lab: Lab) -> tuple[Host, ...]:
    """Three bare Debian 13 hosts on one network."""
    return lab.hosts("n1", "n2", "n3")


@pytest.fixture(scope="session")
def made_cluster(
    three_hosts: tuple[Host, ...], tmp_path_factory: pytest.TempPathFactory
) -> Cluster:
    """A cluster of two nodes a host and one replica a shard, made by one run; who changes it
    leaves it well.
    """
    cluster = Cluster(three_hosts, tmp_path_factory.mktemp("cluster"))
    cluster.run()
    return cluster
