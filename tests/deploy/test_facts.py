"""Facts: read on this machine by a real shell, and from what hosts of other kinds print."""

import os
import platform
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api.facts import FactBase

from deploy.facts.docker import ContainerState, DockerFact
from deploy.facts.embedded import EmbeddedFact, EmbeddedState
from deploy.facts.files import DiskFact, PathsFact, SecretDigestsFact
from deploy.facts.machine import MachineFact
from deploy.facts.redis import RedisFact
from deploy.facts.software import SoftwareFact
from deploy.facts.units import DaemonsFact, Listener, ListenersFact, UnitsFact, UnitState
from deploy.layout import DAEMON
from deploy.versions import major_minor, upstream
from tests.servers import RedisServer, programs


def read(fact: FactBase[Any], *arguments: Any) -> Any:
    command = str(fact.command(*arguments))
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    return fact.process(lines) if lines else fact.default()


def test_this_machine() -> None:
    machine = read(MachineFact())

    assert machine.system == platform.system()
    assert machine.architecture == platform.machine()
    assert machine.memory > 100 << 20
    assert machine.user == machine.login
    assert Path(machine.home).is_dir()


def test_memory_of_a_container_counts() -> None:
    fact = MachineFact()

    assert fact.process(["memory_kb=8388608", "limit=1073741824"]).memory == 1 << 30
    assert fact.process(["memory_kb=8388608", "limit=max"]).memory == 8 << 30
    assert fact.process(["memory_kb=8388608", "limit=9223372036854771712"]).memory == 8 << 30
    assert fact.process(["memory=17179869184"]).memory == 16 << 30
    assert fact.process([]).memory is None


def test_what_a_host_does_by_itself() -> None:
    found = MachineFact().process(["nonlocal ipv4=1", "nonlocal ipv6=", "ufw=yes", "linger=yes"])

    assert (found.nonlocal_bind, found.ufw, found.linger) == (frozenset({"ipv4"}), True, True)
    bare = MachineFact().process([])
    assert (bare.nonlocal_bind, bare.ufw, bare.linger) == (frozenset(), False, False)


def test_paths(tmp_path: Path) -> None:
    file = tmp_path / "a file's name"
    file.write_text("x")
    file.chmod(0o640)
    found = read(PathsFact(), [str(file), str(tmp_path), str(tmp_path / "missing")])

    assert found.keys() == {str(file), str(tmp_path)}
    assert found[str(file)].sha256.startswith("2d711642b726b044")
    assert found[str(file)].mode == 0o640
    assert str(os.getuid()) in found[str(file)].user
    assert found[str(tmp_path)].sha256 is None


def test_users_and_groups_of_a_directory_service_have_spaces() -> None:
    found = PathsFact().process(["state EX\\ana lee 1107 domain users 513 750 /home/ana lee/mind"])

    mind = found["/home/ana lee/mind"]
    assert (mind.user, mind.group) == (("EX\\ana lee", "1107"), ("domain users", "513"))
    assert (mind.mode, mind.sha256) == (0o750, None)


def test_digests_of_secrets(tmp_path: Path) -> None:
    (tmp_path / "admin").write_text("x")
    (tmp_path / "service").write_text("")
    files = {role: str(tmp_path / role) for role in ("admin", "service", "monitor")}

    assert read(SecretDigestsFact(), files).keys() == {"admin"}


def test_room_on_the_disk_of_what_is_not_there_yet(tmp_path: Path) -> None:
    disk = read(DiskFact(), str(tmp_path / "not" / "there"))

    assert disk.free > 0
    assert disk.used is None


@pytest.mark.parametrize("version", sorted(programs()))
def test_what_wrote_the_data_is_known_when_it_is_stopped(tmp_path: Path, version: str) -> None:
    for name in ("redis-7001", "redis-7002"):
        (tmp_path / name).mkdir()
        server = RedisServer(programs()[version], tmp_path / name).start()
        with server.client() as client:
            (running,) = {str(client.info()["redis_version"])}
        server.stop()
    kept = tmp_path / "redis-7001/appendonlydir.before"
    kept.mkdir()
    (kept / "appendonly.aof.1.base.rdb").write_bytes(b"REDIS0012\xfa\tredis-ver\x059.9.9\xfa")

    assert read(DiskFact(), str(tmp_path)).redis == running


def test_what_a_mac_says_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        "pmset": """cat <<'END'
System-wide power settings:
Currently in use:
 standby              0
 Sleep On Power Button 1
 autorestart          0
 powernap             1
 networkoversleep     0
 disksleep            10
 sleep                1 (sleep prevented by sharingd, powerd)
 womp                 1
END""",
        "fdesetup": 'echo "$1" | sed -n "s/isactive/true/p"',
        "launchctl": '[ "$2" = user/$(id -u) ]',
    }
    for name, lines in said.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{lines}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr("deploy.facts.base.PATH", f"PATH={tmp_path}:$PATH")

    found = read(MachineFact())

    assert found.power == {"autorestart": "0", "powernap": "1", "disksleep": "10", "sleep": "1"}
    assert found.filevault
    assert found.launchd_domain == f"user/{os.getuid()}"
    (tmp_path / "launchctl").write_text('#!/bin/sh\n[ "${2%%/*}" = gui ]\n')
    assert read(MachineFact()).launchd_domain == f"gui/{os.getuid()}"
    there = f'[ "$2" = gui/$(id -u) ] || [ "$2" = user/$(id -u)/{DAEMON} ]'
    (tmp_path / "launchctl").write_text(f"#!/bin/sh\n{there}\n")
    assert read(MachineFact()).launchd_domain == f"user/{os.getuid()}"


def test_who_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = read(ListenersFact(), [port])
    nobody = read(ListenersFact(), [port])

    assert found[port].pid == os.getpid()
    assert nobody == {}


def test_who_listens_on_a_mac() -> None:
    found = ListenersFact().process(
        [
            "6379 p412\tcredis-server\t/opt/homebrew/bin/redis-server 127.0.0.1:6379",
            "8700 p99\tcOrbStack\\x20Helper\t/Applications/OrbStack.app/… vmgr",
            "8001 ",
        ]
    )

    assert {port: (one.pid, one.program) for port, one in found.items()} == {
        6379: (412, "redis-server"),
        8700: (99, "OrbStack Helper"),
    }


def test_lsof_is_asked_where_there_is_no_ss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"lsof": "printf 'p412\\ncssh\\nf9\\np413\\ncother\\nf3\\n'", "ps": 'echo "ssh: of $5"'}
    for name, line in said.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    for name in ("head", "tr", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    monkeypatch.setattr("deploy.facts.base.PATH", f"PATH={tmp_path}")

    assert read(ListenersFact(), [6379]) == {6379: Listener(412, "ssh", "ssh: of 412")}


LISTENERS = {
    "Docker Desktop": (True, "ccom.docker.backend\tcom.docker.backend services"),
    "its older one": (True, "ccom.docke\tcom.docker.backend"),
    "OrbStack": (True, "cOrbStack Helper\t/Applications/OrbStack.app/…/OrbStack Helper vmgr"),
    "Lima": (True, "climactl\t/opt/homebrew/bin/limactl hostagent --pidfile … colima"),
    "colima": (True, "cssh\tssh: /Users/ana/.colima/_lima/colima/ssh.sock [mux]"),
    "a tunnel": (False, "cssh\tssh -L 6379:localhost:6379 elsewhere"),
    "somebody's Redis": (False, "credis-server\t/opt/homebrew/bin/redis-server *:6379"),
}


@pytest.mark.parametrize("who", LISTENERS)
def test_who_publishes_ports_of_containers(who: str) -> None:
    is_engine, fields = LISTENERS[who]
    (found,) = ListenersFact().process([f"6379 p412\t{fields}"]).values()

    assert found.of_an_engine == is_engine


def test_units() -> None:
    output = """unit=a
LoadState=loaded
ActiveState=active
UnitFileState=enabled
MainPID=42
THOUGHTSTREAM_REVISION=0123
unit=b
MainPID=0
LoadState=not-found
ActiveState=inactive
UnitFileState=
unit=c
LoadState=loaded
ActiveState=activating
NRestarts=3
unit=d
LoadState=loaded
ActiveState=activating
NRestarts=0"""

    assert UnitsFact().process(output.splitlines()) == {
        "a": UnitState("loaded", "active", "enabled", 42, "0123"),
        "b": UnitState("not-found", "inactive"),
        "c": UnitState("loaded", "failing"),
        "d": UnitState("loaded", "activating"),
    }


def test_daemons() -> None:
    output = """unit=io.x
system/io.x = {
	active count = 1
	state = running
	environment = {
		THOUGHTSTREAM_REVISION => 0123
	}
	pid = 42
	last exit code = (never exited)
}
unit=io.y"""

    assert DaemonsFact().process(output.splitlines()) == {
        "io.x": UnitState("loaded", "active", None, 42, "0123"),
        "io.y": UnitState("not-found", "-"),
    }


def test_software_of_this_machine(tmp_path: Path) -> None:
    release = tmp_path / "releases/0123/venv"
    release.mkdir(parents=True)
    (tmp_path / "current").symlink_to(release)

    found = read(SoftwareFact(), ("no-such-user", "root"), str(tmp_path / "current"))

    assert found.current == "0123"
    assert found.users == {"root"}
    assert read(SoftwareFact(), (), str(tmp_path / "missing")).current is None


@pytest.mark.parametrize(
    ("text", "numbers", "own"),
    [
        ("5:8.0.2-3+deb13u1", (8, 0), "8.0.2"),
        ("3.11.2-1+b1", (3, 11), "3.11.2"),
        ("v2.29.7-desktop.1", (2, 29), "2.29.7"),
        ("none", None, None),
        (None, None, None),
    ],
)
def test_versions(text: str | None, numbers: tuple[int, int] | None, own: str | None) -> None:
    assert major_minor(text) == numbers
    assert upstream(text) == own


def test_docker() -> None:
    state = '{"Status":"running","StartedAt":"now","Health":{"Status":"healthy"}}'
    output = [
        "version=26.1.5",
        "memory=8589934592",
        "root=/var/lib/docker",
        "nofile=1048576",
        "security=[name=apparmor name=selinux name=cgroupns]",
        "compose=2.26.1",
        'image redis:8.2 sha256:b ["mine/redis@sha256:e","redis@sha256:d"] ["sha256:1","sha256:2"]',
        'image base:1 sha256:c [] ["sha256:1"]',
        f'container /a sha256:a redis:8.2 {state} {{"thoughtstream.revision":"0123"}}',
        'container /b sha256:b redis:8.2@sha256:d {"Status":"exited","StartedAt":"now"} null',
        'container /c sha256:a redis:8.2@sha256:a {"Status":"exited","StartedAt":"now"} null',
    ]
    found = DockerFact().process(output)

    assert found is not None
    assert (found.version, found.compose, found.memory) == ("26.1.5", "2.26.1", 8 << 30)
    assert found.selinux
    assert found.images == ("redis:8.2", "base:1")
    assert found.pinned("redis:8.2") == "redis:8.2@sha256:d"
    assert found.pinned("base:1") == "base:1"
    assert found.is_made_from("redis:8.2", "base:1")
    assert not found.is_made_from("base:1", "redis:8.2")
    assert found.containers == {
        "a": ContainerState("running", "healthy", "0123", outdated=True, image="redis:8.2"),
        "b": ContainerState("exited", image="redis:8.2@sha256:d"),
        "c": ContainerState("exited", outdated=True, image="redis:8.2@sha256:a"),
    }
    assert DockerFact().process(["compose=2.26.1"]) is None


@pytest.mark.parametrize(
    ("image", "known"),
    [
        ("redis", "redis@sha256:d"),
        ("host:5000/my/redis", "host:5000/my/redis@sha256:d"),
        ("host:5000/redis:8", "host:5000/redis@sha256:d"),
        ("redis:8@sha256:d", "redis@sha256:d"),
    ],
)
def test_the_digest_of_an_image_is_the_one_of_its_own_repository(image: str, known: str) -> None:
    output = ["version=26", f'image {image} sha256:b ["other@sha256:c","{known}"] []']
    found = DockerFact().process(output)

    assert found is not None
    assert found.digests == {image: ("sha256:d",)}
    assert found.pinned(image) == image.partition("@")[0] + "@sha256:d"


def test_an_image_has_every_digest_that_its_repository_gave_it() -> None:
    known = '["redis@sha256:a","mine@sha256:b","redis@sha256:c"]'
    found = DockerFact().process(["version=26", f"image redis:8 sha256:i {known} []"])

    assert found is not None
    assert found.digests == {"redis:8": ("sha256:a", "sha256:c")}


def test_redis() -> None:
    info = ["# Server", "redis_version:8.0.2\r", "# Memory", "used_memory:1048576"]
    output = ['{"maxmemory":"0"}', '["user default off"]', *info]
    found = RedisFact().process(output)

    assert found is not None
    assert (found.version, found.config, found.users, found.used) == (
        "8.0.2",
        {"maxmemory": "0"},
        ("user default off",),
        1 << 20,
    )
    for refused in ("NOAUTH Authentication required.", "WRONGPASS invalid username-password pair"):
        assert RedisFact().process([refused]) is None
        assert RedisFact().process([f'"ERR {refused}"', "", refused, refused]) is None


def test_embedded() -> None:
    fact = EmbeddedFact()
    up = '{"redis": {"url": "unix:///s", "embedded": true}, "service": {"alive": true}}'

    assert fact.process([up]) == EmbeddedState(healthy=True, url="unix:///s")
    assert fact.process(['{"error": "no"}']) == EmbeddedState(healthy=False)
    assert fact.process(["Traceback"]) == EmbeddedState(healthy=False)
