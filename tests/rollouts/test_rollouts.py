"""Verbs on a cluster of real hosts refuse what they must. That they do what they say and nobody
notices is proved by `test_rollouts_lose_nothing`.
"""

from dataclasses import replace

from deploy.cluster.health import problems
from deploy.cluster.lock import PATH, Lock
from tests.servers import wait_until

from .clusters import Cluster


def well(cluster: Cluster) -> bool:
    return not problems(cluster.view(), 1)


def locked(cluster: Cluster) -> list[str]:
    there = f"test -e {PATH}"
    return [h.name for h in cluster.hosts if h.exec(there, check=False).returncode == 0]


def test_an_unwell_cluster_is_left_alone(made_cluster: Cluster) -> None:
    before = made_cluster.starts()
    replica = next(node for node, found in made_cluster.view().present.items() if found.master_id)
    host = made_cluster.host(replica)
    host.exec(f"systemctl stop thoughtstream-redis-{replica.port}")

    refused = made_cluster.run("deploy.restart", check=False)

    assert refused.code == 1
    assert "the cluster isn't well" in refused.err
    assert f"{replica} doesn't answer" in refused.err
    assert "Traceback" not in refused.err
    assert locked(made_cluster) == []
    assert {**before, **made_cluster.starts()} == before
    host.exec(f"systemctl start thoughtstream-redis-{replica.port}")
    wait_until(lambda: well(made_cluster), "the cluster is well", most_s=60, step_s=0.5)


def test_whom_another_operator_keeps_out_is_told_who_it_is(made_cluster: Cluster) -> None:
    theirs = replace(Lock.own("rebalance"), who="ada", machine="elsewhere")
    first = made_cluster.hosts[0]
    first.exec(f"cat >{PATH} <<'END'\n{theirs.to_json()}\nEND")
    before = made_cluster.starts()

    refused = made_cluster.run("deploy.failover_drill", check=False)

    assert refused.code == 1
    assert "n1 is locked: deploy.rebalance by ada on elsewhere" in refused.err
    assert made_cluster.starts() == before
    assert locked(made_cluster) == [first.name]
    first.exec(f"rm {PATH}")
