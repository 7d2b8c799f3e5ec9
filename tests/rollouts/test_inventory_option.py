"""`pytest tests/hosts --inventory FILE`: a wrong one is told in a line, before anything starts."""

from pathlib import Path

import pytest

from tests.hosts import target
from tests.lab import control

USAGE_ERROR = 4


def test_verification_with_a_wrong_inventory_is_a_usage_error(tmp_path: Path) -> None:
    refused = control.verify(tmp_path / "missing.py", check=False)

    assert refused.code == USAGE_ERROR
    assert f"there is no file {tmp_path / 'missing.py'}" in refused.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("hosts = []\n", "names no hosts"),
        ("raise ValueError('redis.port: is 0')\n", "redis.port: is 0"),
        ("hosts = ['@nowhere/host']\n", "Invalid connector: nowhere"),
    ],
)
def test_wrong_inventory_is_refused(tmp_path: Path, content: str, message: str) -> None:
    inventory = tmp_path / "wrong.py"
    inventory.write_text(content)

    with pytest.raises(ValueError, match=message):
        target.read(inventory)


def test_hosts_are_read_as_pyinfra_reads_them(tmp_path: Path) -> None:
    inventory = tmp_path / "two.py"
    inventory.write_text(
        "near = (['@local'], {'colour': 'green'})\n"
        "far = ([('ana', {'ssh_user': 'eve', 'ssh_port': 2222})], {'colour': 'red', 'n': 1})\n"
    )

    near, far = target.read(inventory)

    assert (near.name, near.local, near.data["colour"]) == ("@local", True, "green")
    assert (far.name, far.local, far.data["colour"], far.data["n"]) == ("ana", False, "red", 1)
    reached = far.testinfra().backend
    assert (reached.host.name, reached.host.user, reached.host.port) == ("ana", "eve", "2222")
    with pytest.raises(ValueError, match="only SSH hosts and @local"):
        target.Target("@docker/redis", {}).testinfra()
