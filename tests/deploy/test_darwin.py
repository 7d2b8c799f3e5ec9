"""A Mac, by pyinfra's `@fake` connector: the exact commands, and files that launchd can read."""

import json
import os
import plistlib
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from deploy.cluster.lock import Lock
from deploy.commands import start_daemon
from deploy.layout import (
    DAEMON,
    LAUNCH_DAEMONS,
    NEWSYSLOG,
    REDIS_DAEMON,
    WEB_DAEMON,
    darwin_docker,
    darwin_native,
)
from deploy.runtimes.base import supervised
from tests.servers import wait_until

LOCK = darwin_native("").lock
ROOT = Path(__file__).parents[2]
INVENTORY = """
import re as _re

from deploy.layout import ROLES as _ROLES
from deploy.settings import stack

_machine = ["system=Darwin", "architecture=arm64", "user=root", "login=ana", "home=/Users/ana",
            "release=15.1", "memory=17179869184", "brew=/opt/homebrew",
            "brew_owner=" + OWNER, "power autorestart=0", "power sleep=1", "power disksleep=10",
            "filevault=true"]
_answers = {
    "hw.memsize": _machine,
    "brew=$(command": ["brew=/opt/homebrew/bin/brew"],
    "brew --version": "Homebrew 4.6.0",
    "then echo yes; fi": "yes",
    "monitor.password ] && echo": [f"{role}={'0' * 64}" for role in _ROLES],
    " 6379 info": ["redis_version:8.2.1", "aof_enabled:1", "used_memory:1000000"],
    "du -sk appendonlydir": ["used=100", "free=90000000", "memory=9000000"],
    "docker info": ["version=27.3.1", "memory=8589934592", "root=/x", "compose=2.29.7"],
}
_answers |= HELD | {_re.compile("^false$"): {"success": False}}
hosts = [("@fake/mini", {"_sudo": SUDO, "fake_delay": 0, "fake_delay_jitter": 0,
                         "fake_responses": _answers, "stack": stack(runtime=RUNTIME)})]
"""


@dataclass(frozen=True)
class Mac:
    """What was done to it: commands (with `sudo` where root ran them) and files."""

    commands: list[str]
    uploads: dict[str, str]
    said: str

    def plist(self, label: str) -> dict[str, Any]:
        """A launchd job, as launchd reads it."""
        text = self.uploads[f"{LAUNCH_DAEMONS}/{label}.plist"]
        loaded: dict[str, Any] = plistlib.loads(text.encode())
        return loaded


def deployed(
    folder: Path, runtime: str, *verb: str, sudo: bool, brew_owner: str = "ana",
    fails: bool = False, held: Mapping[str, str] = MappingProxyType({}),
) -> Mac:  # fmt: skip
    inventory, report = folder / "inventory.py", folder / "report.json"
    names = f"SUDO, RUNTIME, OWNER, HELD = {sudo}, {runtime!r}, {brew_owner!r}, {dict(held)}\n"
    inventory.write_text(names + INVENTORY)
    run = verb or ("deploy.stack",)
    done = subprocess.run(
        [sys.executable, "-m", "tests.deploy.fake", report, "-y", inventory, *run],
        cwd=ROOT,
        env=os.environ | {"XDG_CACHE_HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert bool(done.returncode) == fails, done.stderr
    found = json.loads(report.read_text())
    return Mac(found["commands"]["@fake/mini"], found["uploads"].get("@fake/mini", {}), done.stderr)


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> Mac:
    return deployed(tmp_path_factory.mktemp("native"), "native", sudo=True)


def test_homebrew_is_never_run_as_root(native: Mac) -> None:
    assert "in / brew install redis python@3.13" in native.commands
    assert not [line for line in native.commands if line.startswith("sudo brew")]


def test_it_says_whose_it_is(native: Mac) -> None:
    said = json.loads(native.uploads["/opt/thoughtstream/etc/claim.json"])

    assert (said["inventory"], said["runtime"]) == ("inventory.py", "native")


def test_homebrew_is_its_owners(tmp_path: Path) -> None:
    mac = deployed(tmp_path, "native", sudo=True, brew_owner="bea")

    assert "sudo as bea in / brew install redis python@3.13" in mac.commands


def test_a_backup_locks_it_where_a_mac_has_room(tmp_path: Path) -> None:
    mac = deployed(tmp_path, "native", "deploy.backup", f"to={tmp_path}", sudo=True, fails=True)

    (locks,) = [line for line in mac.commands if " /var/db/thoughtstream.lock;" in line]
    assert locks.startswith("sudo ")
    assert not [line for line in mac.commands if "/var/lib/thoughtstream" in line]
    assert darwin_docker("ana", "/Users/ana").lock == "/Users/ana/.thoughtstream.lock"


def test_it_is_deployed_to_under_the_lock(native: Mac) -> None:
    locks, *_, releases = [line for line in native.commands if LOCK in line and "cat " not in line]

    assert native.commands.index(locks) < native.commands.index(
        "in / brew install redis python@3.13"
    )
    assert releases == native.commands[-1] == f"sudo rm -f {LOCK}"


def test_nobody_starts_what_another_verb_has_stopped(tmp_path: Path) -> None:
    restoring = replace(Lock.own("restore"), seat="another machine")

    held = {f"cat {LOCK}": restoring.to_json()}
    mac = deployed(tmp_path, "native", sudo=True, fails=True, held=held)

    assert "is locked: deploy.restore by " in mac.said
    assert mac.uploads == {}


def test_it_never_sleeps_and_comes_back_after_a_power_failure(native: Mac) -> None:
    assert "sudo pmset -a autorestart 1 sleep 0 disksleep 0" in native.commands


def test_a_locked_disk_is_told_before_anything_is_changed(native: Mac) -> None:
    told = native.said.index("facts.machine.filevault: is on")

    assert told < native.said.index("Plan 1/")


def test_nothing_of_linux_is_tried(native: Mac) -> None:
    done = [line for line in native.commands if "export PATH" not in line]

    for word in ("systemctl", "sysctl", "apt-get", "useradd", "runuser"):
        assert not [line for line in done if word in line], word


def test_passwords_are_in_folders_of_the_user_alone(native: Mac) -> None:
    for folder in ("redis", "service", "web"):
        path = f"/opt/thoughtstream/etc/{folder}"
        assert f"sudo chown ana:staff {path}" in native.commands
        assert f"sudo chmod 700 {path}" in native.commands


def test_jobs_are_loaded_redis_first(native: Mac) -> None:
    loads = [line for line in native.commands if "launchctl enable" in line]

    assert loads == [
        f"sudo {start_daemon('system', label, f'{LAUNCH_DAEMONS}/{label}.plist')}"
        for label in (REDIS_DAEMON, DAEMON, WEB_DAEMON)
    ]


def test_redis_runs_before_any_login_and_always(native: Mac) -> None:
    job = native.plist(REDIS_DAEMON)

    assert job["Label"] == REDIS_DAEMON
    assert job["ProgramArguments"] == [
        "/opt/homebrew/bin/redis-server",
        "/opt/thoughtstream/etc/redis/redis.conf",
    ]
    assert job["UserName"] == "ana"
    assert (job["RunAtLoad"], job["KeepAlive"], job["ExitTimeOut"]) == (True, True, 60)
    assert job["SoftResourceLimits"] == {"NumberOfFiles": 65_535}


def test_service_is_restarted_only_if_it_failed(native: Mac) -> None:
    job = native.plist(DAEMON)

    assert job["ProgramArguments"][:2] == ["/bin/sh", "-c"]
    assert job["ProgramArguments"][-2:] == ["/opt/thoughtstream/current/bin/thoughtstream", "up"]
    assert job["KeepAlive"] == {"SuccessfulExit": False}
    assert job["EnvironmentVariables"].keys() == {"THOUGHTSTREAM_CONFIG", "THOUGHTSTREAM_REVISION"}


def test_the_web_process_is_a_job_of_its_own(native: Mac) -> None:
    job = native.plist(WEB_DAEMON)

    assert job["ProgramArguments"][-2:] == ["/opt/thoughtstream/current/bin/thoughtstream", "web"]
    assert job["EnvironmentVariables"]["THOUGHTSTREAM_CONFIG"] == (
        "/opt/thoughtstream/etc/web/thoughtstream.toml"
    )
    assert "sudo chown ana:staff /opt/thoughtstream/data/web" in native.commands


def test_redis_keeps_its_data_where_the_job_may_write(native: Mac) -> None:
    conf = native.uploads["/opt/thoughtstream/etc/redis/redis.conf"]

    assert "\ndir /opt/thoughtstream/data/redis\n" in conf
    assert "\nsupervised no\n" in conf
    assert "sudo chown ana:staff /opt/thoughtstream/data/redis" in native.commands


def test_logs_are_rotated_and_nobody_is_signaled(native: Mac) -> None:
    lines = native.uploads[NEWSYSLOG].splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]

    assert rows == [
        [f"/opt/thoughtstream/log/{label}.log", "ana:staff", "640", "5", "10240", "*", "N"]
        for label in (REDIS_DAEMON, DAEMON, WEB_DAEMON)
    ]
    for label, row in zip((REDIS_DAEMON, DAEMON, WEB_DAEMON), rows, strict=True):
        assert native.plist(label)["StandardErrorPath"] == row[0]
    # Redis opens it anew for each line; what launchd opened for it would go on in the old file.
    conf = native.uploads["/opt/thoughtstream/etc/redis/redis.conf"]
    assert f'\nlogfile "{rows[0][0]}"\n' in conf


def test_docker_on_a_mac_is_the_users_own_whatever_the_inventory_says(tmp_path: Path) -> None:
    mac = deployed(tmp_path, "docker", sudo=True)
    home = "/Users/ana/.thoughtstream"

    by_root = [line for line in mac.commands if line.startswith("sudo")]
    assert all("uname -s" in line for line in by_root), by_root
    assert f"{home}/etc/compose.yaml" in mac.uploads
    ups = [line for line in mac.commands if line.startswith("docker compose")]
    assert [shlex.split(line)[-1] for line in ups] == ["redis", "service", "web"]
    assert f'"{home}/etc/redis:/etc/thoughtstream:ro"' in mac.uploads[f"{home}/etc/compose.yaml"]


def test_a_status_asks_docker_on_a_mac_as_its_user_too(tmp_path: Path) -> None:
    mac = deployed(tmp_path, "docker", "deploy.status", sudo=True, fails=True)

    by_root = [line for line in mac.commands if line.startswith("sudo")]
    assert all("uname -s" in line for line in by_root), by_root
    assert any("docker info" in line for line in mac.commands)


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (1, 1), (78, 0)])
def test_a_wrong_configuration_ends_a_job_for_good(code: int, ends: int) -> None:
    done = subprocess.run(supervised("sh", "-c", f"exit {code}"), check=False)

    assert done.returncode == ends


def test_a_stopped_job_ends_as_its_program_does(tmp_path: Path) -> None:
    ready, ended = tmp_path / "ready", tmp_path / "ended"
    program = (
        f"trap 'sleep 0.2; touch {ended}; exit 0' TERM; touch {ready}; while :; do sleep 0.05; done"
    )
    with subprocess.Popen(supervised("sh", "-c", program)) as job:
        wait_until(ready.exists, "the program runs")
        job.send_signal(signal.SIGTERM)
        assert job.wait(30) == 0

    assert ended.exists()
