"""Verbs on a cluster of real hosts refuse what they must, and go on where they were cut off. That
they do what they say and nobody notices is proved by `test_rollouts_lose_nothing`.
"""

from dataclasses import replace

from deploy.cluster.health import problems
from deploy.cluster.lock import Lock
from deploy.cluster.topology import Node
from deploy.layout import LOCK
from tests.lab import control
from tests.servers import wait_until

from .clusters import Cluster


def well(cluster: Cluster) -> bool:
    return not problems(cluster.view(), 1)


def locked(cluster: Cluster) -> list[str]:
    there = f"test -e {LOCK}"
    return [h.name for h in cluster.hosts if h.exec(there, check=False).returncode == 0]


def test_an_unwell_cluster_is_left_alone(made_cluster: Cluster) -> None:
    before = made_cluster.starts()
    replica = next(node for node, found in made_cluster.view().present.items() if found.master_id)
    host = made_cluster.host(replica)
    host.exec(f"systemctl stop thoughtstream-redis-{replica.port}")

    refused = made_cluster.run("deploy.restart", check=False)

    assert refused.code == 1
    assert "the cluster isn't healthy" in refused.err
    assert f"{replica} doesn't answer" in refused.err
    assert "Traceback" not in refused.err
    assert locked(made_cluster) == []
    assert {**before, **made_cluster.starts()} == before
    host.exec(f"systemctl start thoughtstream-redis-{replica.port}")
    wait_until(lambda: well(made_cluster), "the cluster is well", most_s=60, step_s=0.5)


def test_whom_another_operator_keeps_out_is_told_who_it_is(made_cluster: Cluster) -> None:
    theirs = replace(Lock.own("rebalance"), who="ada", machine="elsewhere")
    first = made_cluster.hosts[0]
    first.exec(f"cat >{LOCK} <<'END'\n{theirs.to_json()}\nEND")
    before = made_cluster.starts()

    refused = made_cluster.run("deploy.failover_drill", check=False)

    assert refused.code == 1
    assert "n1 is locked: deploy.rebalance by ada on elsewhere" in refused.err
    assert made_cluster.starts() == before
    assert locked(made_cluster) == [first.name]
    first.exec(f"rm {LOCK}")


def gone_on_with(cluster: Cluster, before: dict[Node, str], cut_off: dict[Node, str]) -> None:
    """Runs the restart again: those that had their turn are left, the others get theirs."""
    had_theirs = {node for node, start in cut_off.items() if start != before[node]}
    assert had_theirs and had_theirs != set(before)

    cluster.run("deploy.restart")

    now = cluster.starts()
    assert {node for node in before if now[node] == cut_off.get(node)} == had_theirs
    assert locked(cluster) == []
    assert well(cluster)


def restarting(cluster: Cluster, before: dict[Node, str]) -> control.Begun:
    """Begins a restart of all nodes; one has restarted."""
    run = control.Begun(cluster.inventory(), "deploy.restart")

    def one_has() -> bool:
        assert run.process.poll() is None, run.end()
        return bool(cluster.starts().items() - before.items())

    wait_until(one_has, "a node has restarted", most_s=120)
    return run


def test_ctrl_c_in_the_middle(made_cluster: Cluster) -> None:
    before = made_cluster.starts()
    run = restarting(made_cluster, before)

    run.press_ctrl_c()

    ended = run.end()
    assert ended.code == 130
    assert "run the same verb again" in ended.out
    assert "Traceback" not in ended.out
    assert locked(made_cluster) == ["n1", "n2", "n3"]
    wait_until(lambda: well(made_cluster), "the cluster is well", most_s=60, step_s=0.5)
    gone_on_with(made_cluster, before, made_cluster.starts())


def test_a_host_that_goes_down_in_the_middle(made_cluster: Cluster) -> None:
    before = made_cluster.starts()
    run = restarting(made_cluster, before)
    last = made_cluster.hosts[-1]

    last.kill()

    failed = run.end()
    assert failed.code == 1
    assert "the connection to n3 is lost; fix what is named here and run again" in failed.out
    assert "Traceback" not in failed.out
    last.start()
    wait_until(lambda: well(made_cluster), "the cluster is well", most_s=120, step_s=0.5)
    done = {node: start for node, start in made_cluster.starts().items() if node.host != last.name}
    gone_on_with(made_cluster, before, done)
