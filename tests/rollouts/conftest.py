"""The lab, for tests that make hosts."""

from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Makes hosts; one for the whole run."""
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab
