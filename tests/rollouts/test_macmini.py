"""The README's three commands on a server nobody deployed to yet, by `inventories/macmini.py`."""

from pathlib import Path

import pytest

from tests.lab import control
from tests.lab.host import Host
from tests.lab.lab import Lab

from .deployment import ssh_config
from .test_stack import with_docker

INVENTORY = Path(__file__).parents[2] / "inventories/macmini.py"


@pytest.fixture
def named(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A server whose name and SSH configuration the operator has."""
    host = lab.host("macmini")
    with_docker(host)
    monkeypatch.setenv("THOUGHTSTREAM_HOST", host.name)
    monkeypatch.setenv("THOUGHTSTREAM_SSH_CONFIG", str(ssh_config(tmp_path, host)))
    return host


def test_dry_deploy_verify_and_again(named: Host) -> None:
    planned = control.pyinfra(INVENTORY, "deploy.stack", dry=True)
    assert "start container redis (it does not exist)" in planned.err
    assert named.exec("docker ps -aq").stdout == ""

    assert control.pyinfra(INVENTORY, "deploy.stack").changed

    assert " passed" in control.verify(INVENTORY).out
    assert not control.pyinfra(INVENTORY, "deploy.stack").changed
