"""A deployment that fails in the middle ends on all hosts, and the next one goes on from there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import control
from tests.lab.lab import Lab
from tests.servers import wait_until

from .deployment import Deployment, inventory

SERVICE = "systemctl show --property ActiveState,ExecMainStatus,NRestarts thoughtstream"


@pytest.fixture(scope="module")
def deployment(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with lab.host("mended") as host:
        folder = tmp_path_factory.mktemp("mended")
        deployment = Deployment(host, folder, runtime="native", service={"start_timeout_s": 60})
        deployment.deploy()
        yield deployment


def test_one_failure_ends_it_everywhere_and_the_next_run_goes_on(lab: Lab, tmp_path: Path) -> None:
    sound, ill = pair = lab.host("sound"), lab.host("ill")
    both = inventory(tmp_path, {"runtime": "native"}, sound, ill)
    ill.exec("chmod -x /usr/sbin/useradd")

    failed = control.pyinfra(both, "deploy.stack", check=False)

    assert failed.code == 1
    for host in pair:
        assert host.exec("test -e /etc/thoughtstream", check=False).returncode == 1, host.name
    ill.exec("chmod +x /usr/sbin/useradd")
    going_on = control.pyinfra(both, "deploy.stack")
    assert "finish an installation of packages that was cut off" in going_on.err
    assert not control.pyinfra(both, "deploy.stack").changed
    for host in pair:
        assert host.exec("thoughtstream status").returncode == 0


def test_a_wrong_configuration_is_not_tried_for_ever(deployment: Deployment) -> None:
    host = deployment.host
    toml = "/etc/thoughtstream/service/thoughtstream.toml"
    host.exec(f"sed -i 's/^batch = .*/batch = -1/' {toml}")

    host.exec("systemctl restart thoughtstream", check=False)

    wait_until(lambda: "ActiveState=failed" in host.exec(SERVICE).stdout, "the service gave up")
    assert "ExecMainStatus=78" in host.exec(SERVICE).stdout
    assert "NRestarts=0" in host.exec(SERVICE).stdout
    said = host.exec("journalctl --output cat --lines 20 --unit thoughtstream").stdout
    assert "streams.batch" in said

    deployment.deploy()
    deployment.healthy()


def test_a_service_that_cannot_start_ends_the_run_with_what_it_said(
    deployment: Deployment,
) -> None:
    host = deployment.host
    host.exec("systemctl stop thoughtstream && mv /var/lib/thoughtstream/service /root/aside")
    host.exec("touch /var/lib/thoughtstream/service")

    failed = deployment.deploy(check=False)

    assert failed.code == 1
    assert "not so: the service is healthy" in failed.err
    assert "thoughtstream.service" in failed.err
    assert "Traceback" not in failed.err
    host.exec("rm /var/lib/thoughtstream/service && mv /root/aside /var/lib/thoughtstream/service")
    deployment.deploy()
    assert not deployment.deploy().changed
