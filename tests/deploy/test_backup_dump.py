"""A dump of another Redis is a backup that Redis loads; what it could not is refused."""

import subprocess
import tarfile
from pathlib import Path

import pytest
from pyinfra.api.exceptions import DeployError

from deploy.backups.manifest import Manifest
from deploy.backups.point_in_time import problems
from deploy.backups.repository import verify
from deploy.backups.verbs import read_through
from deploy.runtimes import server_runtime_of
from deploy.runtimes.linux import LinuxNative
from deploy.settings import stack
from tests.servers import RedisServer, programs

from .facts import DEBIAN


def opened(path: Path) -> tuple[Path, Manifest]:
    backup = read_through(path, None, "yes", "now")
    return backup.folder, backup.manifest


@pytest.mark.slow
@pytest.mark.parametrize("program", sorted(programs()))
def test_what_another_redis_saved_is_loaded(program: str, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    theirs = RedisServer(programs()[program], tmp_path / "theirs", "appendonly no").start()
    with theirs.client() as client:
        client.mset({f"key {n}": n for n in range(300)})
        version = client.info("server")["redis_version"]
        client.save()
    theirs.stop()

    folder, manifest = opened(tmp_path / "theirs/dump.rdb")

    (saved,) = manifest.nodes
    verify(folder, saved)
    assert saved.redis == version
    assert manifest.held.memory > 100_000
    assert list(problems(manifest.nodes, saved.moment)) != []
    with tarfile.open(folder / saved.archive) as tar:
        tar.extractall(tmp_path / "ours", filter="data")
    ours = RedisServer(
        programs()[program], tmp_path / "ours", "appendonly yes", "aof-load-truncated no"
    ).start()
    with ours.client() as client:
        assert (client.dbsize(), client.get("key 299")) == (300, "299")
    ours.stop()


@pytest.mark.slow
def test_other_databases_are_refused_by_the_scratch_server(tmp_path: Path) -> None:
    program = next(iter(programs().values()))
    (tmp_path / "theirs").mkdir()
    theirs = RedisServer(program, tmp_path / "theirs", "databases 16").start()
    with theirs.client() as client:
        client.execute_command("SELECT", 3)
        client.set("key", 1)
        client.save()
    theirs.stop()
    folder, manifest = opened(tmp_path / "theirs/dump.rdb")
    with tarfile.open(folder / manifest.nodes[0].archive) as tar:
        tar.extractall(tmp_path, filter="data")
    runtime = server_runtime_of(stack(runtime="native"), DEBIAN)
    assert isinstance(runtime, LinuxNative)
    start = runtime.instances()[0].scratch(str(tmp_path))["start"]
    start = start.replace("redis-server", str(program), 1)

    ended = subprocess.run(["sh", "-c", f"{start}; wait $scratch"], check=False, timeout=60)

    assert ended.returncode == 1
    assert "more than 1 databases" in (tmp_path / "scratch.log").read_text()


def test_what_is_no_dump_is_said(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Redis")

    with pytest.raises(DeployError, match=r"letter is neither a backup nor a dump of Redis"):
        opened(tmp_path / "letter")


@pytest.mark.parametrize("rest", [b"", b"\xfa", b"\xfa\x05cti", b"\xfa\x05ctime\x03now\xfe"])
def test_a_dump_that_was_cut_off_is_said(rest: bytes, tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0011" + rest)

    with pytest.raises(DeployError, match=r"dump.rdb is damaged or cut off; take another one"):
        opened(tmp_path / "dump.rdb")


def test_a_link_to_a_dump_will_do(tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0011\xfa\x05ctime\x017\xfe\x00\xff" + bytes(8))
    (tmp_path / "newest").symlink_to("dump.rdb")

    _, manifest = opened(tmp_path / "newest")

    assert (manifest.name, manifest.moment) == ("newest", 7)
