"""The lab, for tests that make hosts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab import Lab

SECONDS = 600
"""A deployment may take its time: packages are installed, images built, hosts rebooted."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(SECONDS), append=False)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Makes hosts; one for the whole run."""
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab
