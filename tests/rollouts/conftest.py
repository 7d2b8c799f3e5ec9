"""The lab, for tests that make hosts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.host import Host
from tests.lab.lab import Lab

from .clusters import SETTINGS, Cluster

SECONDS = 600
"""A deployment may take its time: packages are installed, images built, hosts rebooted."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest come first: where tests run side by side, nobody waits for them at the end."""
    here = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]
    for item in here:
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SECONDS), append=False)
    here.sort(key=_most_s, reverse=True)
    first = set(here)
    items[:] = here + [item for item in items if item not in first]


def _most_s(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Makes hosts; one for all tests of hosts, which are gone before the others begin."""
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="package")
def three_hosts(lab: Lab) -> tuple[Host, ...]:
    """Three bare Debian 13 hosts on one network."""
    return lab.hosts("n1", "n2", "n3")


@pytest.fixture(scope="package")
def made_cluster(
    three_hosts: tuple[Host, ...], tmp_path_factory: pytest.TempPathFactory
) -> Cluster:
    """A cluster of two nodes a host and one replica a shard, with the page, made by one run; who
    changes it leaves it well.
    """
    folder = tmp_path_factory.mktemp("cluster")
    cluster = Cluster(three_hosts, folder, SETTINGS | {"web": {"enabled": True}})
    cluster.run()
    return cluster
