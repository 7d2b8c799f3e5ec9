"""A native host, looked at more closely: its units when something is wrong, and a mind of one's own
under `systemd --user`.
"""

from collections.abc import Iterator

import pytest

from deploy.commands import APT_USERS, start_unit
from deploy.facts.machine import Machine, MachineFact
from deploy.layout import SERVICE_UNIT, HomeLayout
from deploy.runtimes.embedded import Embedded
from deploy.settings import stack
from tests.lab import control
from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.servers import wait_until

from .deployment import Deployment

WAITS = "apt is free to install"
SERVICE = "systemctl show --property ActiveState,ExecMainStatus,NRestarts thoughtstream"


@pytest.fixture(scope="module")
def deployment(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with lab.host("mended") as host:
        folder = tmp_path_factory.mktemp("mended")
        deployment = Deployment(host, folder, runtime="native", service={"start_timeout_s": 60})
        _deployed_while_apt_is_in_use(deployment)
        yield deployment


def _deployed_while_apt_is_in_use(deployment: Deployment) -> None:
    """As on a new server, which upgrades itself first."""
    host = deployment.host
    hold = "-o DPkg::Pre-Invoke::='while [ ! -e /root/enough ]; do sleep 0.2; done'"
    others = f"DEBIAN_FRONTEND=noninteractive apt-get install --yes --reinstall {hold} hostname"
    host.exec(f"apt-get update && {{ {others} >/root/others 2>&1 & }}")
    wait_until(lambda: host.exec(APT_USERS, check=False).stdout, "apt is in use", most_s=60)

    run = control.Begun(deployment.inventory(), "deploy.stack")
    wait_until(lambda: run.ended or WAITS in run.said, "the run waits", most_s=200, step_s=0.5)
    host.exec("touch /root/enough")

    done = run.end()
    assert done.ok, done.out
    assert "apt is in use by apt-get (process " in done.out


def test_needrestart_leaves_redis_alone(deployment: Deployment) -> None:
    host, run_id = deployment.host, deployment.run_id()
    apt = "DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends"
    host.exec(f"{apt} needrestart && {apt} --reinstall libjemalloc2")

    said = host.exec("needrestart -r a -l 2>&1").stdout

    assert "thoughtstream-redis" in said
    assert deployment.run_id() == run_id
    assert not deployment.deploy().changed


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
    assert "the service did not become healthy" in failed.err
    assert "thoughtstream.service" in failed.err
    assert "Traceback" not in failed.err
    host.exec("rm /var/lib/thoughtstream/service && mv /root/aside /var/lib/thoughtstream/service")
    deployment.deploy()
    assert not deployment.deploy().changed


OWN = HomeLayout(
    home="/home/admin/mind",
    program="/opt/thoughtstream/current/bin/thoughtstream",
    user_units="/home/admin/.config/systemd/user",
    user_agents="",
)


@pytest.fixture
def own(deployment: Deployment) -> Iterator[Host]:
    """A host whose user `admin` has a systemd of their own."""
    host = deployment.host
    host.exec(
        "DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
        "libpam-systemd dbus-user-session && loginctl enable-linger admin"
    )
    wait_until(lambda: as_admin(host, "systemctl --user is-system-running", check=False), "systemd")
    yield host
    as_admin(host, "systemctl --user disable --now thoughtstream")


def as_admin(host: Host, command: str, *, check: bool = True) -> str:
    """What a command prints that the user runs; empty if it failed and needn't succeed."""
    session = f"export THOUGHTSTREAM_HOME={OWN.home} XDG_RUNTIME_DIR=/run/user/$(id -u)"
    done = host.ssh(f"{session}; {command}")
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout if done.returncode == 0 else ""


def test_systemd_of_a_user_keeps_a_mind_running(own: Host) -> None:
    machine = Machine(system="Linux", systemd_user=True)
    runtime = Embedded(stack(runtime="embedded"), machine, OWN)
    assert runtime.job is not None
    for file in (runtime.toml, runtime.job):
        folder = file.path.rpartition("/")[0]
        as_admin(own, f"install -d -m 0700 {folder} && cat >{file.path} <<'END'\n{file.text}END")

    as_admin(own, "systemctl --user daemon-reload && systemctl --user enable thoughtstream")
    as_admin(own, start_unit(SERVICE_UNIT, restart=True, own=True))
    as_admin(own, f"{OWN.program} status")

    as_admin(own, "systemctl --user kill --signal KILL --kill-whom main thoughtstream")
    status = f"systemctl --user is-active thoughtstream && {OWN.program} status"
    wait_until(lambda: as_admin(own, status, check=False), "the mind is back", most_s=60, step_s=1)
    _what_ends_at_logout_is_told(own)


def _what_ends_at_logout_is_told(own: Host) -> None:
    ask = f"{MachineFact().command()}\n{OWN.program} doctor --json | tr -d '\\n'"
    lingers = as_admin(own, ask)
    assert "linger=yes" in lingers
    assert "log out" not in lingers

    loginctl = "sudo loginctl {}-linger admin"  # while this login lasts, so does its systemd
    leaves = as_admin(own, f"{loginctl.format('disable')}; {ask}; {loginctl.format('enable')}")

    assert "linger=yes" not in leaves
    assert "sudo loginctl enable-linger admin" in leaves
