"""A cluster on three hosts: made by one run, left alone by the next, verified, mended, changed."""

from pathlib import Path

import pytest

from deploy.cluster.health import problems
from tests.lab import control
from tests.lab.host import Host
from tests.servers import wait_until

from .clusters import Cluster
from .deployment import ssh_config

INVENTORY = Path(__file__).parents[2] / "inventories/cluster.py"

ETC = "/etc/thoughtstream"
SECRETS = f"{ETC}/secrets/admin {ETC}/service/password {ETC}/web/password"
MIB = 1 << 20


def test_it_is_made_as_planned_and_then_left_alone(made_cluster: Cluster) -> None:
    made_cluster.as_usual()
    before = made_cluster.starts()

    again = made_cluster.run()

    totals = again.report["results"]["totals"]
    assert (totals["success"], totals["error"]) == (0, 0)
    assert again.plan == []
    view = made_cluster.view()
    assert problems(view, 1) == []
    assert {len(view.replicas(master)) for master in view.masters} == {1}
    assert made_cluster.starts() == before


def test_the_same_inventory_verifies_the_hosts(made_cluster: Cluster) -> None:
    made_cluster.as_usual()

    verified = control.verify(made_cluster.inventory())

    assert " passed" in verified.out
    assert "skipped" not in verified.out
    scan = ("--scan", "--pattern", "*{verification-*")
    assert {made_cluster.redis(node, *scan) for node in made_cluster.nodes} == {""}


def test_the_inventory_that_comes_with_it_takes_hosts_from_the_environment(
    made_cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_cluster.as_usual()
    named = " ".join(f"{host.name}={host.ip}" for host in made_cluster.hosts)
    monkeypatch.setenv("THOUGHTSTREAM_HOSTS", named)
    monkeypatch.setenv("THOUGHTSTREAM_SSH_CONFIG", str(ssh_config(tmp_path, *made_cluster.hosts)))

    planned = control.pyinfra(INVENTORY, "deploy.stack", dry=True).plan

    assert len([step for step in planned if "maxmemory 67108864 -> 512mb" in step]) == 6


def test_what_somebody_changed_is_put_right(made_cluster: Cluster) -> None:
    made_cluster.as_usual()
    first, second, third = made_cluster.nodes[::2]
    made_cluster.redis(first, "config", "set", "maxmemory-policy", "allkeys-lru")
    made_cluster.redis(second, "acl", "setuser", "default", "on", "nopass", "+@all", "~*")
    made_cluster.host(second).exec("echo '# mine' >>/etc/thoughtstream/redis-7001/redis.conf")
    made_cluster.host(third).exec("systemctl disable --now thoughtstream-redis-7001")
    before = made_cluster.starts()

    done = made_cluster.run()

    assert done.changed
    assert made_cluster.config("maxmemory-policy") == {"volatile-lru"}
    assert "user default off" in made_cluster.redis(second, "acl", "list")
    assert problems(made_cluster.view(), 1) == []
    after = made_cluster.starts()
    assert {node for node in after if after[node] != before.get(node)} == {third}
    assert not made_cluster.run().changed


def test_settings_change_live(made_cluster: Cluster) -> None:
    """As far as Redis takes them live; that other ones restart it, is a row of the drill."""
    made_cluster.as_usual()
    before = made_cluster.starts()

    planned = made_cluster.run(dry=True, maxmemory="80mb").plan
    made_cluster.run(maxmemory="80mb")

    assert len([step for step in planned if "apply live, no restart (node 700" in step]) == 6
    assert made_cluster.config("maxmemory") == {str(80 * MIB)}
    assert made_cluster.starts() == before


def test_a_host_that_is_down_keeps_all_others_from_being_changed(made_cluster: Cluster) -> None:
    made_cluster.as_usual()
    gone = made_cluster.hosts[-1]
    gone.disconnect()
    try:
        failed = made_cluster.run(check=False, maxmemory="96mb")
        _nodes_are_started_without_their_address(gone)
    finally:
        gone.connect()

    assert failed.code == 1
    assert f"can't reach {gone.name}; nothing was changed" in failed.err
    rest = [node for node in made_cluster.nodes if node.host != gone.name]
    assert {made_cluster.redis(node, "config", "get", "maxmemory").split()[1] for node in rest} == {
        str(64 * MIB)
    }
    wait_until(lambda: problems(made_cluster.view(), 1) == [], "it is well again", most_s=60)


def _nodes_are_started_without_their_address(host: Host) -> None:
    """More often than systemd would try by itself."""
    units = "thoughtstream-redis-7001 thoughtstream-redis-7002"
    host.exec(f"systemctl restart --no-block {units}")
    tries = f"systemctl show --property NRestarts --value {units}"
    wait_until(
        lambda: all(int(n) > 5 for n in host.exec(tries).stdout.split()),
        "they have tried",
        most_s=60,
        step_s=0.2,
    )


def test_passwords_are_rotated_and_the_old_ones_are_worth_nothing(made_cluster: Cluster) -> None:
    made_cluster.as_usual()
    first = made_cluster.hosts[0]
    read = f"for f in {SECRETS}; do cat $f; echo; done"
    old = first.exec(read).stdout.split()

    made_cluster.run("deploy.rotate_secrets")

    new = [host.exec(read).stdout.split() for host in made_cluster.hosts]
    assert new[0] == new[1] == new[2]
    assert not set(old) & set(new[0])
    ping = f"REDISCLI_AUTH={old[0]} redis-cli -p 7001 --user admin -e ping"
    assert first.exec(ping, check=False).returncode != 0
    assert problems(made_cluster.view(), 1) == []
    assert all(host.exec("thoughtstream status").returncode == 0 for host in made_cluster.hosts)
    assert not made_cluster.run().changed
    assert [secret for secret in (*old, *new[0]) if secret in made_cluster.said] == []


def test_a_password_that_all_hosts_lost_is_made_anew_and_no_key_is_lost(
    made_cluster: Cluster,
) -> None:
    made_cluster.as_usual()
    node = made_cluster.nodes[0]
    every = f"for n in $(seq 60); do {made_cluster.wanted.spec.nodes[node]('-c')}"
    made_cluster.host(node).exec(f"{every} set proof:$n value$n; done")
    for host in made_cluster.hosts:
        host.exec(f"rm {ETC}/secrets/admin")

    done = made_cluster.run()

    assert len([step for step in done.plan if "(the password of admin was lost)" in step]) == 6
    kept = made_cluster.host(node).exec(f"{every} getdel proof:$n; done").stdout.split()
    assert kept == [f"value{n}" for n in range(1, 61)]
    assert problems(made_cluster.view(), 1) == []
    assert not made_cluster.run().changed
