"""A deployment that fails in the middle ends on all hosts, and the next one goes on from there."""

from pathlib import Path

from tests.lab import control
from tests.lab.lab import Lab

from .deployment import inventory


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
