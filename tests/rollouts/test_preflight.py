"""What can't be deployed ends in a clear error, before anything was changed on any host."""

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import control
from tests.lab.host import Host
from tests.lab.lab import Lab

from .deployment import Deployment, inventory
from .runbook import steps


@pytest.fixture(scope="module")
def bare(lab: Lab) -> Iterator[Host]:
    """A host with nothing on it."""
    with lab.host("bare") as host:
        yield host


def refused(host: Host, folder: Path, **settings: Any) -> str:
    """What a deployment says that must fail and change nothing."""
    deployment = Deployment(host, folder, **settings)
    before = deployment.digest()

    done = deployment.deploy(check=False)

    assert done.code == 1
    assert deployment.digest() == before
    assert "nothing was changed" in done.err
    assert "Traceback" not in done.err
    return done.err


def test_no_docker(bare: Host, tmp_path: Path) -> None:
    said = refused(bare, tmp_path, runtime="docker")

    assert "facts.docker: Docker is not installed" in said


def test_little_memory(lab: Lab, tmp_path: Path) -> None:
    with lab.host("small", memory="700m") as host:
        said = refused(host, tmp_path, runtime="native", redis={"maxmemory": "512mb"})

    assert "redis.maxmemory: 512mb is more than 60% of this host's 700mb" in said


def test_little_disk(lab: Lab, tmp_path: Path) -> None:
    with lab.host("full", tmpfs={"/var/lib/thoughtstream": "size=256m"}) as host:
        said = refused(host, tmp_path, runtime="native")

    assert "facts.disk.free: 256mb is too little" in said


def test_port_of_somebody_else(lab: Lab, tmp_path: Path) -> None:
    with lab.host("taken") as host:
        host.exec("apt-get install -y --no-install-recommends redis-server")
        host.exec("systemctl start redis-server")
        host.exec("redis-cli config set requirepass 'its own'")  # so it doesn't say what it is
        said = refused(host, tmp_path, runtime="native")
        assert "redis.port: 6379 is in use by redis-server (process " in said

        aside = Deployment(host, tmp_path, runtime="native", redis={"port": 6380})
        aside.deploy()
        assert "NOAUTH" in host.exec("redis-cli ping").stdout
        assert not aside.deploy().changed
        _what_it_has_is_brought_over(aside, tmp_path)


def _what_it_has_is_brought_over(aside: Deployment, folder: Path) -> None:
    """As the runbook says it: its dump is restored."""
    host = aside.host
    host.exec("echo 'auth \"its own\"\nmset theirs:1 one theirs:2 two' | redis-cli")
    host.exec("systemctl stop redis-server")
    said = aside.deploy(check=False).err
    assert "redis-server of this host is stopped, and has data (/var/lib/redis/dump.rdb)" in said

    copied, masked, *_ = steps("To bring over another Redis")
    dump = folder / "dump.rdb"
    assert copied == "ssh macmini.local sudo cat /var/lib/redis/dump.rdb >dump.rdb"
    dump.write_bytes(b64decode(host.exec("base64 /var/lib/redis/dump.rdb").stdout))
    host.exec(masked.removeprefix("ssh macmini.local sudo "))
    assert not aside.deploy().changed
    control.pyinfra(aside.inventory(), "deploy.restore", f"from_={dump}", "replace=yes")

    assert aside.redis("mget", "theirs:1", "theirs:2").split() == ["one", "two"]
    aside.healthy()


def test_old_redis(bare: Host, tmp_path: Path) -> None:
    control_file = (
        "Package: redis-server\\nVersion: 5:6.0.16-1\\nArchitecture: all\\n"
        "Maintainer: A Test <test@example.org>\\nDescription: an old one\\n"
    )
    bare.exec(f"mkdir -p /root/old/DEBIAN && printf '{control_file}' >/root/old/DEBIAN/control")
    bare.exec("dpkg-deb --build /root/old && dpkg --install /root/old.deb")
    try:
        said = refused(bare, tmp_path, runtime="native")
    finally:
        bare.exec("dpkg --purge redis-server")

    assert "facts.software.redis: is 5:6.0.16-1, and Functions need Redis 7.0" in said


def test_one_bad_host_keeps_the_others_as_they_are(lab: Lab, bare: Host, tmp_path: Path) -> None:
    with lab.host("tiny", memory="600m") as tiny:
        both = inventory(tmp_path, {"runtime": "native"}, bare, tiny)
        before = Deployment(bare, tmp_path, runtime="native").digest()

        done = control.pyinfra(both, "deploy.stack", check=False)

        assert done.code == 1
        assert "tiny can't be deployed to" in done.err
        assert Deployment(bare, tmp_path, runtime="native").digest() == before


def test_a_host_that_is_down_keeps_the_others_as_they_are(
    lab: Lab, bare: Host, tmp_path: Path
) -> None:
    with lab.host("down") as down:
        both = inventory(tmp_path, {"runtime": "native"}, bare, down)
        down.kill()
        before = Deployment(bare, tmp_path, runtime="native").digest()

        done = control.pyinfra(both, "deploy.stack", check=False)

        assert done.code == 1
        assert "can't reach down; nothing was changed on any host" in done.err
        assert Deployment(bare, tmp_path, runtime="native").digest() == before


def test_wrong_settings_are_refused_before_anything_connects(bare: Host, tmp_path: Path) -> None:
    wrong = {"redis": {"maxmemory_policy": "allkeys-lru", "io_thread": 2}}

    done = control.pyinfra(inventory(tmp_path, wrong, bare), "deploy.stack", check=False)

    assert done.code == 1
    assert "redis.maxmemory_policy: would evict memories" in done.err
    assert "redis.io_thread: " in done.err
    assert "Connected" not in done.err
    assert "Traceback" not in done.err
