"""A deployment that fails in the middle ends on all hosts, and the next one goes on from there."""

from pathlib import Path

from tests.lab import control
from tests.lab.lab import Lab
from tests.servers import wait_until

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
    assert "finish an interrupted installation of packages" in going_on.err
    assert not control.pyinfra(both, "deploy.stack").changed
    for host in pair:
        assert host.exec("thoughtstream status").returncode == 0


def test_a_host_that_is_lost_while_it_does_something_is_named(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("shaky")
    host.exec("printf '#!/bin/sh\nexec sleep 600\n' >/usr/sbin/useradd")
    run = control.Begun(inventory(tmp_path, {"runtime": "native"}, host), "deploy.stack")

    def is_at_it() -> bool:
        assert not run.ended, run.said
        return host.exec("pgrep -x sleep", check=False).returncode == 0

    wait_until(is_at_it, "it does something that takes long", most_s=200, step_s=0.5)
    host.kill()

    failed = run.end()
    assert failed.code == 1
    lost = "the connection to shaky is lost; fix what is named here and run again"
    assert lost in " ".join(failed.out.split())
    assert "Traceback" not in failed.out
