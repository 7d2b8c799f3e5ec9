"""Facts: read on this machine by a real shell, and from what hosts of other kinds print."""

import os
import platform
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
from deploy.versions import major_minor, upstream


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


def test_digests_of_secrets(tmp_path: Path) -> None:
    (tmp_path / "admin").write_text("x")
    (tmp_path / "service").write_text("")
    files = {role: str(tmp_path / role) for role in ("admin", "service", "monitor")}

    assert read(SecretDigestsFact(), files).keys() == {"admin"}


def test_room_on_the_disk_of_what_is_not_there_yet(tmp_path: Path) -> None:
    disk = read(DiskFact(), str(tmp_path / "not" / "there"))

    assert disk.free > 0
    assert disk.used is None


def test_who_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = read(ListenersFact(), [port])
    nobody = read(ListenersFact(), [port])

    assert found[port].pid == os.getpid()
    assert nobody == {}


def test_who_listens_on_a_mac() -> None:
    assert ListenersFact().process(["6379 p412 credis-server f6 ", "8001 "]) == {
        6379: Listener(412, "redis-server")
    }


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
UnitFileState="""

    assert UnitsFact().process(output.splitlines()) == {
        "a": UnitState("loaded", "active", "enabled", 42, "0123"),
        "b": UnitState("not-found", "inactive"),
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
        "compose=2.26.1",
        'image redis:8.2 sha256:b ["sha256:1","sha256:2"]',
        'image base:1 sha256:c ["sha256:1"]',
        f'container /a sha256:a redis:8.2 {state} {{"thoughtstream.revision":"0123"}}',
        'container /b sha256:b redis:8.2 {"Status":"exited","StartedAt":"now"} null',
    ]
    found = DockerFact().process(output)

    assert found is not None
    assert (found.version, found.compose, found.memory) == ("26.1.5", "2.26.1", 8 << 30)
    assert found.images == ("redis:8.2", "base:1")
    assert found.is_made_from("redis:8.2", "base:1")
    assert not found.is_made_from("base:1", "redis:8.2")
    assert found.containers == {
        "a": ContainerState("running", "healthy", "0123", outdated=True),
        "b": ContainerState("exited"),
    }
    assert DockerFact().process(["compose=2.26.1"]) is None


def test_redis() -> None:
    output = ['{"maxmemory":"0"}', '["user default off"]', "# Server", "redis_version:8.0.2\r"]
    found = RedisFact().process(output)

    assert found is not None
    assert (found.version, found.config, found.users) == (
        "8.0.2",
        {"maxmemory": "0"},
        ("user default off",),
    )
    assert RedisFact().process(["WRONGPASS invalid username-password pair"]) is None


def test_embedded() -> None:
    fact = EmbeddedFact()
    up = '{"redis": {"url": "unix:///s", "embedded": true}, "service": {"alive": true}}'

    assert fact.process([up]) == EmbeddedState(healthy=True, url="unix:///s")
    assert fact.process(['{"error": "no"}']) == EmbeddedState(healthy=False)
    assert fact.process(["Traceback"]) == EmbeddedState(healthy=False)
