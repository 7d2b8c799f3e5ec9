"""What each verb plans and refuses, from facts alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from deploy.claim import Claim
from deploy.cluster.barrier import Barrier
from deploy.cluster.lock import Lock, refusal
from deploy.cluster.nodes import ClusterError
from deploy.cluster.topology import Node
from deploy.facts.gather import Facts
from deploy.rollouts import verbs
from deploy.rollouts.hosts import DeployedCluster, HostState
from deploy.rollouts.inventory import read
from deploy.rollouts.rollout import Rollout
from deploy.rollouts.turns import in_turn, show
from deploy.runtimes import server_runtime_of
from deploy.runtimes.docker import Docker
from deploy.runtimes.linux import LinuxNative
from deploy.settings import stack

from .facts import BARE, DEBIAN, deployed
from .views import Said, four, node, said, six, view

RUNTIMES = ["native", "docker"]


def cluster(
    nodes: Sequence[Said], hosts: str = "abc", runtime: str = "native", new: str = "",
    **settings: Any,
) -> DeployedCluster:  # fmt: skip
    """Hosts that are deployed to, whose nodes say what is described; `new` ones are bare."""
    one = stack(runtime=runtime, **({"cluster": {}} | settings))
    at = {host: node(f"{host}:1").address for host in hosts}
    wanted = read({host: {"stack": one, "address": address} for host, address in at.items()})
    seen = view(nodes).nodes
    known = {}
    for host in hosts:
        made = server_runtime_of(one, DEBIAN, wanted.on(host))
        assert isinstance(made, LinuxNative | Docker)
        facts = replace(BARE, nodes=dict.fromkeys(wanted.on(host)))
        if host not in new:
            facts = replace(deployed(made, facts), nodes={n: seen[n] for n in wanted.on(host)})
        known[host] = HostState(made, facts)
    return DeployedCluster(wanted, known)


def plan(rollout: Rollout) -> list[str]:
    return [line.partition(": ")[2] for line in show(rollout.turns)]


def test_replicas_restart_before_masters_which_hand_over_first() -> None:
    steps = plan(verbs.restart(cluster(six())))

    nodes = ["a:7002", "b:7002", "c:7002", "a:7001", "b:7001", "c:7001"]
    assert steps == [
        line
        for host, port in (name.split(":") for name in nodes)
        for line in (
            f"{host}: fail over from {host}:{port} to its best replica, if it is a master by then",
            f"{host}: restart thoughtstream-redis-{port} (deploy.restart)",
        )
    ]


def test_a_resumed_restart_skips_what_was_restarted() -> None:
    nodes = [one.with_info(uptime_in_seconds="90000") for one in six()]
    nodes[3] = nodes[3].with_info(uptime_in_seconds="1")
    begun = Lock.own("restart").since - 100

    steps = plan(verbs.restart(replace(cluster(nodes), since=begun)))

    assert len(steps) == 10
    assert not any("b:7002" in step for step in steps)


def test_a_drill_lets_every_shard_go_there_and_back() -> None:
    steps = plan(verbs.failover_drill(cluster(six())))

    assert len(steps) == 6
    assert (steps[0], steps[3]) == (
        "a: fail over from a:7001 to b:7002, if it is a master by then",
        "b: fail over from b:7002 to a:7001, if it is a master by then",
    )


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_new_host_is_deployed_to_before_its_nodes_join(runtime: str) -> None:
    rollout = verbs.add_node(cluster(six(), "abcd", runtime, new="d"))

    assert "a" not in rollout.ready
    assert "copy the password of admin from a" in map(str, rollout.ready["d"])
    assert plan(rollout)[0] == "d: d:7001 joins the cluster"
    assert sum("move slots" in step for step in plan(rollout)) == 1


def test_no_host_joins_that_has_a_mind_of_its_own() -> None:
    found = cluster(six(), "abcd", new="d")
    mind = Claim("native", "server", 6379, "mini.py")
    taken = replace(found.hosts["d"], facts=replace(found.hosts["d"].facts, claims=(mind,)))

    with pytest.raises(ClusterError, match="d: cluster: is given, and this host has a server"):
        verbs.add_node(replace(found, hosts={**found.hosts, "d": taken}))


def test_all_hosts_come_to_the_same_barriers() -> None:
    rollout = verbs.add_node(cluster(six(), "abcd", new="d"))

    barriers = {
        tuple(str(step) for step in rollout.steps(host) if isinstance(step, Barrier))
        for host in "abcd"
    }

    assert len(barriers) == 1
    assert len(barriers.pop()) > len(rollout.turns)
    looking = [
        host
        for host in "abcd"
        for step in in_turn(rollout.turns, rollout.spec, host, rollout.end)
        if isinstance(step, Barrier) and step.spec and step.ready
    ]
    assert looking == ["a"] * (sum(turn.requires is not None for turn in rollout.turns) + 1)
    own = in_turn(rollout.turns, rollout.spec, "b", rollout.end)
    assert sum(not isinstance(step, Barrier) for step in own) == sum(
        turn.host == "b" for turn in rollout.turns
    )


def test_an_unhealthy_cluster_is_refused_by_every_verb() -> None:
    nodes = six()
    nodes[3] = replace(nodes[3], silent=True)
    unhealthy = cluster(nodes)
    known = {**unhealthy.hosts, "b": _remembers(unhealthy.hosts["b"], node("b:7002"))}
    unhealthy = replace(unhealthy, hosts=known)

    for verb in (
        verbs.restart,
        verbs.failover_drill,
        verbs.rebalance,
        verbs.add_node,
        verbs.upgrade,
    ):
        with pytest.raises(ClusterError, match="b:7002 doesn't answer"):
            verb(unhealthy)
    with pytest.raises(ClusterError, match="b:7002 doesn't answer"):
        verbs.remove_node(unhealthy, "c")


def _remembers(known: HostState, silent: Node) -> HostState:
    paths: Any = {**known.facts.paths, known.runtime.state_file(silent): object()}
    return HostState(known.runtime, replace(known.facts, paths=paths))


def test_data_that_would_not_fit_keeps_a_host() -> None:
    full = {"used_memory": "400000000", "used_memory_dataset": "390000000"}
    nodes = [one.with_info(**full) for one in four()]

    with pytest.raises(ClusterError, match=r"would not fit.*\n *a:7001 would have .* of 512"):
        verbs.remove_node(cluster(nodes, "abcd"), "d")


def test_a_host_leaves_after_its_service() -> None:
    steps = plan(verbs.remove_node(cluster(four(), "abcd"), "d"))

    assert steps[0] == "d: stop the service for good"
    assert steps[-1] == "d: reset d:7002: it forgets the cluster"


def dead() -> list[Said]:
    """Host c died, and its master's replica took over."""
    return [
        said("a:7001", "0-5460"), said("b:7001", "5461-10922"),
        said("a:7002", "10923-16383"), said("b:7002", master="a:7001"),
        Said(node("c:7001"), flags="fail", silent=True),
        Said(node("c:7002"), master="b:7001", flags="fail", silent=True),
    ]  # fmt: skip


def test_a_dead_host_is_forgotten_and_a_new_one_takes_its_place() -> None:
    steps = plan(verbs.replace_node(cluster(dead(), "abd", new="d"), "10.0.0.3"))

    assert steps[:2] == [
        "a: all nodes forget 10.0.0.3:7001, which is dead",
        "a: all nodes forget 10.0.0.3:7002, which is dead",
    ]
    assert "d: d:7001 joins the cluster" in steps
    assert sum("d:700" in step and "becomes a replica" in step for step in steps) == 2
    assert "fail over" in steps[-1]


def test_who_is_alive_or_unknown_is_not_replaced() -> None:
    alive = [replace(one, flags="", silent=False) for one in dead()]
    with pytest.raises(ClusterError, match=r"still alive; run deploy\.remove_node"):
        verbs.replace_node(cluster(alive, "abd", new="d"), "10.0.0.3")
    loading = [dead()[0].with_info(loading="1"), *dead()[1:]]
    with pytest.raises(ClusterError, match="a:7001 is loading its data"):
        verbs.replace_node(cluster(loading, "abd", new="d"), "10.0.0.3")
    with pytest.raises(ClusterError, match="no node at 'nobody' is missing"):
        verbs.replace_node(cluster(six()), "nobody")


def test_what_a_verb_cannot_do_is_refused_with_its_cure() -> None:
    lone = [said("a:7001", "0-5460"), said("b:7001", "5461-10922"), said("c:7001", "10923-16383")]
    single = cluster(lone, cluster={"nodes": 1, "replicas": 0})
    slots_died = [replace(one, slots=()) if one.node == node("a:7002") else one for one in dead()]
    refused: list[tuple[Callable[[], object], str]] = [
        (lambda: verbs.rebalance(cluster(six(), "abcd", new="d")), "run deploy.add_node"),
        (lambda: verbs.add_node(cluster([], new="abc")), "no cluster yet; run deploy.stack"),
        (lambda: verbs.remove_node(cluster(six()), "x"), "'x' isn't in the inventory; choose one"),
        (lambda: verbs.failover_drill(single), "a:7001 has no replica: set cluster.replicas"),
        (
            lambda: verbs.replace_node(cluster(slots_died, "abd", new="d"), "10.0.0.3"),
            "5461 slots were lost with the host; run deploy.restore",
        ),
    ]
    for verb, cure in refused:
        with pytest.raises(ClusterError, match=cure):
            verb()


def with_candidate(
    found: DeployedCluster, candidate: str, installed: str = "5:8.0.2-3"
) -> DeployedCluster:
    def changed(facts: Facts) -> Facts:
        software = replace(facts.software, redis=installed, candidate=candidate)
        return replace(facts, software=software)

    hosts = {h: HostState(k.runtime, changed(k.facts)) for h, k in found.hosts.items()}
    return replace(found, hosts=hosts)


def test_packages_come_first_then_each_node_restarts() -> None:
    steps = plan(verbs.upgrade(with_candidate(cluster(six()), "5:8.2.1-1")))

    assert steps[:3] == [f"{host}: upgrade redis-server 5:8.0.2-3 -> 5:8.2.1-1" for host in "abc"]
    assert sum("(Redis 8.0.2 -> 8.2.1)" in step for step in steps) == 6


def test_who_has_the_newest_has_nothing_to_upgrade() -> None:
    assert not verbs.upgrade(with_candidate(cluster(six()), "5:8.0.2-3")).turns


def test_nobody_goes_back_to_an_older_redis() -> None:
    with pytest.raises(ClusterError, match=r"a:7001 runs 8\.0\.2, and apt's redis-server 5:7\.0"):
        verbs.upgrade(with_candidate(cluster(six()), "5:7.0.15-1"))
    older = cluster(six(), runtime="docker", docker={"image": "redis:7.4"})
    with pytest.raises(ClusterError, match=r"docker\.image: redis:7\.4 is older"):
        verbs.upgrade(older)
    assert verbs.upgrade(cluster(six(), runtime="docker", docker={"image": "redis:8"})).ready


def test_a_lock_is_of_one_run_and_left_by_a_dead_one() -> None:
    own = Lock.own("restart")
    gone = replace(own, process_since=own.process_since - 1, since=own.since - 50)

    assert Lock.parse(own.to_json()) == own
    assert not own.is_stale()
    assert gone.is_stale()
    assert own.same_run(own) and not own.same_run(gone)
    assert not replace(gone, machine="elsewhere").is_stale()
    assert own.resuming(gone).since == gone.since
    assert own.resuming(replace(gone, verb="rebalance")) == own
    assert "n1 is locked: deploy.restart by" in refusal("n1", own)
    assert Lock.parse("anything") is None
