"""The lab itself: its hosts are real ones, and what the other tests do to them truly happens."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts import target
from tests.lab import control
from tests.lab.engine import HOST, OWNER, RUN, containers, engine, sweep
from tests.lab.host import Host
from tests.lab.images import SUITES
from tests.lab.lab import Lab

OWNED = {"label": OWNER}

STOPS = """
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=true
ExecStop=/bin/sh -c 'echo stopped >>/root/stops'
[Install]
WantedBy=multi-user.target
"""


@pytest.fixture(scope="module", params=SUITES)
def host(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Host]:
    with lab.host(suite=request.param) as host:
        yield host


@pytest.fixture(scope="module")
def inventory(lab: Lab, host: Host) -> Path:
    return lab.inventory(host, name=host.name, runtime="native", redis={"port": 6380})


def test_host_is_a_debian_with_systemd_and_ssh(host: Host, inventory: Path) -> None:
    (here,) = target.read(inventory)
    seen = here.testinfra()

    assert here.data["stack"]["redis"]["port"] == 6380
    assert seen.system_info.distribution == "debian"
    assert seen.system_info.codename in SUITES
    assert seen.check_output("cat /proc/1/comm") == "systemd"
    assert seen.service("ssh").is_running
    assert seen.check_output("id -un") == "root"
    assert host.ssh("id -un").stdout.strip() == "admin"


def test_pyinfra_changes_a_host_once(lab: Lab, host: Host, inventory: Path, tmp_path: Path) -> None:
    deploy = tmp_path / "change.py"
    deploy.write_text(
        "from io import StringIO\n"
        "from pyinfra import host\n"
        "from pyinfra.operations import files\n"
        "files.put(src=StringIO(host.name), dest='/etc/name', mode='640')\n"
    )

    planned = control.pyinfra(inventory, str(deploy), dry=True)
    assert planned.report["plan"][0]["hosts_with_change"] == [host.name]
    assert not host.testinfra().file("/etc/name").exists

    assert control.pyinfra(inventory, str(deploy)).changed
    made = host.testinfra().file("/etc/name")
    assert (made.content_string, made.mode, made.user) == (host.name, 0o640, "root")

    assert not control.pyinfra(inventory, str(deploy)).changed


def test_what_was_written_outlives_a_reboot_but_not_tmp(host: Host) -> None:
    host.exec("echo kept >/root/kept; echo gone >/run/gone")
    boot = host.exec("stat --format=%Y /proc/1/comm; cat /proc/1/stat").stdout

    host.reboot()

    assert host.ssh("sudo cat /root/kept").stdout == "kept\n"
    assert host.exec("test -e /run/gone", check=False).returncode == 1
    assert host.exec("stat --format=%Y /proc/1/comm; cat /proc/1/stat").stdout != boot


def test_reboot_stops_units_in_order_and_a_kill_does_not(host: Host) -> None:
    host.exec(f"cat >/etc/systemd/system/stops.service <<'END'\n{STOPS}END")
    host.exec("systemctl enable --now --quiet stops && : >/root/stops")

    host.reboot()
    assert host.exec("cat /root/stops").stdout == "stopped\n"

    host.kill()
    host.start()
    assert host.exec("cat /root/stops").stdout == "stopped\n"


@pytest.mark.parametrize("host", ["trixie"], indirect=True)
def test_partition_cuts_and_heals(lab: Lab, host: Host) -> None:
    with lab.host() as other:
        reach = f"timeout 2 bash -c '</dev/tcp/{other.ip}/22'"
        host.exec(reach)

        other.disconnect()
        assert host.exec(reach, check=False).returncode != 0
        assert other.ssh("true").returncode == 255
        assert other.exec("systemctl is-active ssh").stdout == "active\n"

        other.connect()
        host.exec(reach)
        assert other.ssh("true").returncode == 0


def test_hosts_that_boot_together_reach_each_other(lab: Lab) -> None:
    one, two = lab.hosts("one", "two")
    with one, two:
        for here, there in ((one, two), (two, one)):
            host, data = there.pyinfra
            assert host == there.name
            here.exec(f"timeout 2 bash -c '</dev/tcp/{data['address']}/22'")


def test_small_disks_and_little_memory_run_out(lab: Lab) -> None:
    with lab.host(memory="300m", tmpfs={"/small": "size=1m"}) as host:
        host.fill("/small")
        full = host.exec("cp /bin/true /small", check=False)
        assert "No space left on device" in full.stderr
        host.free("/small")
        host.exec("cp /bin/true /small")
        with pytest.raises(ValueError, match="/root: is no small disk"):
            host.fill("/root")
        assert host.exec("tail /dev/zero", check=False).returncode == 137


def test_leftovers_of_a_killed_run_are_swept_and_nothing_else(lab: Lab, tmp_path: Path) -> None:
    script = (
        "import os, pathlib, signal, sys\n"
        "from tests.lab.lab import Lab\n"
        "print(Lab(pathlib.Path(sys.argv[1])).host('left').ip, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    killed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    client = engine()
    left = {container.labels[RUN] for container in containers(client, f"{HOST}=left")}
    assert left

    with lab.host("stays") as stays:
        sweep(client)
        assert stays.ssh("true").returncode == 0
    networks = {network.attrs["Labels"][RUN] for network in client.networks.list(filters=OWNED)}
    assert not containers(client, f"{HOST}=left")
    assert not left & networks
    client.close()
