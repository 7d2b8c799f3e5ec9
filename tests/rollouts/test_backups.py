"""One server's backups when things go wrong, and its way into a cluster and back, as the runbook
has it: no key is lost or changed.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.age import new_identity
from deploy.backups.repository import open_backup
from tests.lab import control
from tests.lab.authority import Authority
from tests.lab.lab import Lab
from tests.servers import wait_until
from thoughtstream.keys import BACKUP

from . import keys
from .clusters import Cluster
from .deployment import Deployment, tls

DATA = "/var/lib/thoughtstream"
SECRET, PUBLIC = new_identity()
REWRITES = "auto-aof-rewrite-percentage"
REWRITING_S = 20
"""As long as a log is written anew that has much in it."""


@pytest.fixture(scope="module")
def one(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A server that stands alone, with a disk that can be filled up; its backups are encrypted."""
    with lab.host("alone", tmpfs={DATA: "size=700m"}) as host:
        folder = tmp_path_factory.mktemp("alone")
        deployment = Deployment(
            host, folder, runtime="native", redis={"maxmemory": "64mb"},
            backup={"recipients": [PUBLIC]},
        )  # fmt: skip
        deployment.deploy()
        yield deployment


def backup(one: Deployment, to: Path, prefix: str = "") -> "subprocess.Popen[str]":
    """Starts a backup as an operator does, in a shell that says `prefix` first."""
    command = f'{prefix} exec "$0" -m pyinfra --yes "$1" deploy.backup to="$2"'
    return subprocess.Popen(
        ["sh", "-c", command, sys.executable, str(one.inventory()), str(to)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip


def rewrites(one: Deployment) -> str:
    """What Redis has for the growth of its log that makes it rewrite it."""
    return one.redis("config", "get", REWRITES).split()[1]


def left(one: Deployment) -> str:
    """What a backup has left on the host."""
    return one.host.exec(f"ls -d {DATA}/redis/backup-* 2>/dev/null || true").stdout


def identity(folder: Path, secret: str = SECRET) -> str:
    """An argument that names a file with this secret key."""
    file = folder / f"{'own' if secret == SECRET else 'strange'}.txt"
    file.write_text(secret)
    return f"identity={file}"


def tear(one: Deployment) -> None:
    """Spoils the log where its end is now, as Redis does on a full disk, without noticing."""
    one.host.exec(
        f"cd {DATA}/redis/appendonlydir && last=$(ls -v *.incr.aof | tail -n 1) && "
        "printf '\\0\\0\\0\\0' | dd of=$last bs=1 conv=notrunc seek=$(($(wc -c <$last) - 4))"
    )


def test_tls_comes_is_renewed_and_goes(one: Deployment, tmp_path: Path) -> None:
    before = keys.write(one, "secured")
    authority = Authority(tmp_path / "authority")
    beside = tls(authority, one.host)
    redis = one.settings["redis"] | beside["redis"]
    secured = Deployment(one.host, tmp_path, **(one.settings | beside | {"redis": redis}))

    done = secured.deploy()

    assert len([step for step in done.plan if "tls-port 0 -> 6379" in step]) == 1
    secured.healthy()
    assert "PONG" not in one.host.exec("redis-cli ping 2>&1", check=False).stdout
    assert keys.values(secured) == before

    run_id = secured.run_id()
    authority.certify(one.host.name, one.host.ip)
    others = Authority(tmp_path / "others").ca
    authority.ca.write_text(authority.ca.read_text() + others.read_text())
    done = secured.deploy()
    assert [step for step in done.plan if "live" in step and "tls-ca-cert-file" in step]
    assert secured.run_id() == run_id

    one.deploy()
    assert keys.values(one) == before
    one.healthy()


def test_a_backup_that_is_cut_off_sets_back_what_it_set_and_the_next_one_is_whole(
    one: Deployment, tmp_path: Path
) -> None:
    keys.write(one, "cut")
    a_key_us = REWRITING_S * 1_000_000 // int(one.redis("dbsize"))
    one.redis("config", "set", "rdb-key-save-delay", str(a_key_us))
    one.redis("bgrewriteaof")
    with backup(one, tmp_path) as cut_off:
        wait_until(lambda: rewrites(one) == "0", "the log is frozen", most_s=120)
        cut_off.send_signal(signal.SIGINT)
        cut_off.communicate()
    one.redis("config", "set", "rdb-key-save-delay", "0")

    wait_until(lambda: rewrites(one) == "100", "it is set back", most_s=120)
    assert not list(tmp_path.glob("*/*/manifest.json"))
    one.redis("config", "set", REWRITES, "0")  # as after a kill of the very shell on the host
    control.pyinfra(one.inventory(), "deploy.backup", f"to={tmp_path}")
    assert rewrites(one) == "100"
    assert left(one) == ""
    [made] = tmp_path.glob("*/*")
    _, manifest = open_backup(str(made))
    assert one.redis("hget", BACKUP.key(), "at") == str(manifest.moment)


def test_a_full_disk_at_either_end_is_said_and_nothing_is_changed(
    one: Deployment, tmp_path: Path
) -> None:
    before = keys.write(one, "full")
    with backup(one, tmp_path, "ulimit -f 4;") as too_large:
        said, _ = too_large.communicate()
    assert too_large.returncode == 1
    assert "File too large" in said and "Traceback" not in said
    assert left(one) == ""
    own = identity(tmp_path)
    with pytest.raises(RuntimeError, match="is not a backup"):
        control.pyinfra(one.inventory(), "deploy.restore", f"from_={tmp_path}/alone")

    control.pyinfra(one.inventory(), "deploy.backup", f"to={tmp_path}")
    one.host.fill(DATA)
    try:
        for verb in (f"backup to={tmp_path}", f"restore from_={tmp_path}/alone replace=yes {own}"):
            refused = control.pyinfra(one.inventory(), *f"deploy.{verb}".split(), check=False)
            assert refused.code == 1
            assert "facts.disk.free" in refused.err
            assert "nothing was changed" in refused.err
    finally:
        one.host.free(DATA)
    wait_until(lambda: one.redis("set", "proof:again", "1") == "OK", "Redis writes again")
    one.redis("del", "proof:again")
    assert keys.values(one) == before


def test_a_server_becomes_a_cluster_and_a_cluster_one_server(
    one: Deployment, made_cluster: Cluster, tmp_path: Path
) -> None:
    made_cluster.as_usual()
    tear(one)
    before = keys.write(one, "before")
    saved = control.pyinfra(one.inventory(), "deploy.backup", f"to={tmp_path}")
    assert "its log is torn, and written anew" in saved.err
    assert f"encrypted to {PUBLIC}" in saved.err
    [archive] = tmp_path.glob("alone/*/redis.tar.age")
    assert b"proof:before" not in archive.read_bytes()
    restore, stranger = f"from_={tmp_path}/alone", new_identity()[0]
    for beside, said in (
        ([], "identity: is missing"),
        (["replace=yes", identity(tmp_path, stranger)], "identity: does not open this backup"),
        ([identity(tmp_path)], "holds keys already"),
    ):
        given = [restore, *beside]
        refused = control.pyinfra(one.inventory(), "deploy.restore", *given, check=False)
        assert said in refused.err
    assert keys.values(one) == before

    made_cluster.run("deploy.restore", restore, "replace=yes", identity(tmp_path))

    assert keys.values_of_cluster(made_cluster) == before
    assert not made_cluster.run().changed

    made_cluster.run("deploy.backup", f"to={tmp_path}")
    keys.forget(made_cluster)
    one.redis("flushall")
    whole = next(tmp_path.glob("cluster-*"))
    _, manifest = open_backup(str(whole))
    told = made_cluster.redis(made_cluster.nodes[0], "-c", "hget", BACKUP.key(), "at")
    assert told == str(manifest.moment)
    control.pyinfra(one.inventory(), "deploy.restore", f"from_={whole}", "replace=yes")
    assert keys.values(one) == before
    one.healthy()
