"""What the hosts of a cluster do, from facts alone: new ones, settled ones, ones that differ."""

import runpy
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from deploy.cluster.state import NodeView
from deploy.cluster.topology import Node, TopologyError
from deploy.facts.units import Listener, UnitState
from deploy.rollouts.cluster_preflight import problems
from deploy.rollouts.cluster_stack import plan, restarts
from deploy.rollouts.hosts import HostState
from deploy.rollouts.inventory import ClusterInventory, read
from deploy.runtimes import server_runtime_of
from deploy.runtimes.docker import Docker
from deploy.runtimes.linux import LinuxNative
from deploy.settings import stack
from thoughtstream.acl import Role

from .facts import BARE, DEBIAN, DIGESTS, deployed

ADDRESSES = {"n1": "10.0.0.1", "n2": "10.0.0.2", "n3": "10.0.0.3"}
IDS = {host: {7001: "a" * 39 + host[1], 7002: "b" * 39 + host[1]} for host in ADDRESSES}
MASTERS = {"n1": ("0-5460", "n2"), "n3": ("5461-10921", "n1"), "n2": ("10922-16383", "n3")}
RUNTIMES = ["native", "docker"]


def wanted(runtime: str = "native", **settings: Any) -> ClusterInventory:
    one = stack(runtime=runtime, **({"cluster": {}} | settings))
    return read({host: {"stack": one, "address": at} for host, at in ADDRESSES.items()})


def bare(hosts: ClusterInventory) -> dict[str, HostState]:
    found = {}
    for name in ADDRESSES:
        runtime = server_runtime_of(hosts.stack, DEBIAN, hosts.on(name))
        assert isinstance(runtime, LinuxNative | Docker)
        found[name] = HostState(runtime, replace(BARE, nodes=dict.fromkeys(hosts.on(name))))
    return found


def settled(hosts: ClusterInventory) -> dict[str, HostState]:
    """Hosts after their plan, as the nodes of one cluster."""
    found = {}
    for name, known in bare(hosts).items():
        facts = deployed(known.runtime, known.facts)
        views = {node: _view(hosts, node) for node in hosts.on(name)}
        found[name] = HostState(known.runtime, replace(facts, nodes=views))
    return found


def _view(hosts: ClusterInventory, me: Node) -> NodeView:
    """What a node says of the cluster whose masters are each host's first node."""
    lines = []
    for node in hosts.nodes:
        own = "myself," if node == me else ""
        master = next((m for m, (_, r) in MASTERS.items() if r == node.host), "")
        role = f"{own}master -" if node.port == 7001 else f"{own}slave {IDS[master][7001]}"
        slots = MASTERS[node.host][0] if node.port == 7001 else ""
        at = f"{node.endpoint}@{node.port + 10_000}"
        lines.append(f"{IDS[node.host][node.port]} {at} {role} 0 0 1 connected {slots}")
    role = f"role:{'master' if me.port == 7001 else 'slave'}"
    info = ["cluster_state:ok", "redis_version:8.0.2", role, "cluster_slots_ok:16384"]
    info += ["master_link_status:up", "master_sync_in_progress:0", "uptime_in_seconds:9"]
    view = NodeView.parse([*lines, *info])
    assert view is not None
    return view


def changes(hosts: ClusterInventory, known: dict[str, HostState], host: str) -> list[str]:
    return [str(step) for step in plan(hosts, known, host) if step.changes]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_new_hosts_make_a_cluster_that_one_of_them_creates(runtime: str) -> None:
    hosts = wanted(runtime)
    known = bare(hosts)

    assert problems(hosts, known) == []
    first, second = (changes(hosts, known, name) for name in ("n1", "n2"))
    assert [step for step in first if step.startswith("create the cluster")] == [
        "create the cluster: slots 0-5460: master n1:7001, replica n2:7002; slots 5461-10921: "
        "master n3:7001, replica n1:7002; slots 10922-16383: master n2:7001, replica n3:7002"
    ]
    assert not [step for step in second if step.startswith("create the cluster")]
    assert [step for step in second if "password" in step] == [
        f"copy the password of {role} from n1" for role in DIGESTS
    ]
    assert len([step for step in first if step.startswith("create the password")]) == len(DIGESTS)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_all_hosts_meet_between_preparation_creation_and_service(runtime: str) -> None:
    hosts = wanted(runtime)
    known = bare(hosts)
    for name in ADDRESSES:
        steps = [str(step) for step in plan(hosts, known, name)]
        order = [
            next(n for n, step in enumerate(steps) if step.startswith(start))
            for start in ("the passwords are made", "all nodes answer", "the cluster is healthy")
        ]
        service = "start thoughtstream (" if runtime == "native" else "start container service"
        order.append(next(n for n, step in enumerate(steps) if step.startswith(service)))
        redis = [n for n, step in enumerate(steps) if "redis-7002 (it " in step]
        assert order[0] < redis[0] < order[1]
        assert order == sorted(order)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_settled_hosts_need_nothing(runtime: str) -> None:
    hosts = wanted(runtime)
    known = settled(hosts)

    assert problems(hosts, known) == []
    assert [changes(hosts, known, name) for name in ADDRESSES] == [[], [], []]
    assert restarts(known) == {}


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_needs_a_restart_is_left_to_the_rolling_one(runtime: str) -> None:
    known = settled(wanted(runtime))
    hosts = wanted(runtime, redis={"io_threads": 2})
    now = {name: replace(each, runtime=bare(hosts)[name].runtime) for name, each in known.items()}

    assert sorted(map(str, restarts(now))) == sorted(map(str, hosts.nodes))
    found = changes(hosts, now, "n1")
    assert len([step for step in found if step.endswith("redis.conf")]) == 2
    # Each node in its turn, whatever it is then: replicas (7002) before masters (7001).
    steps = [str(step) for step in plan(hosts, now, "n1")]
    turns = [step for step in steps if step.startswith(("rewrite Redis", "fail over", "restart"))]
    assert [("7001" in step, step.split()[0]) for step in turns] == [
        (False, "rewrite"), (False, "fail"), (False, "restart"),
        (True, "rewrite"), (True, "fail"), (True, "restart"),
    ]  # fmt: skip
    assert all("io-threads 1 -> 2" in step for step in turns if step.startswith("restart"))
    waits = [str(step) for step in plan(hosts, now, "n2") if not step.changes]
    assert len([step for step in waits if step.startswith("the cluster is healthy before")]) == 18


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_somebody_changed_on_one_node_is_put_right_there(runtime: str) -> None:
    hosts = wanted(runtime)
    known = settled(hosts)
    facts = known["n2"].facts
    unit = "thoughtstream-redis-7002"
    state = facts.servers[unit]
    assert state is not None
    changed = replace(
        state, config=state.config | {"cluster-node-timeout": "15000"}, masterauth="another"
    )
    drifted = replace(facts, servers={**facts.servers, unit: changed})
    known["n2"] = replace(known["n2"], facts=drifted)

    assert changes(hosts, known, "n1") == []
    assert changes(hosts, known, "n2") == [
        "apply live, no restart (node 7002): cluster-node-timeout 15000 -> 5000",
        "apply live, no restart (node 7002): masterauth",
    ]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_only_a_newer_redis_knows_comes_after_an_upgrade(runtime: str) -> None:
    hosts = wanted(runtime)
    known = settled(hosts)

    def says(version: str, **more: str) -> dict[str, list[str]]:
        """What is changed where n2's first node runs this version, whose file says nothing."""
        facts, unit = known["n2"].facts, "thoughtstream-redis-7001"
        state, path = facts.servers[unit], "/etc/thoughtstream/redis-7001/redis.conf"
        assert state is not None
        config = {k: v for k, v in state.config.items() if k != "cluster-ping-interval"} | more
        server = next(s for s in known["n2"].runtime.servers if s.spec.unit == unit)
        text = server.conf((7, 0)).text
        assert "cluster-ping-interval" not in text
        old = replace(facts.paths[path], sha256=sha256(text.encode()).hexdigest())
        drifted = replace(
            facts,
            servers={**facts.servers, unit: replace(state, version=version, config=config)},
            paths={**facts.paths, path: old},
        )
        now = known | {"n2": replace(known["n2"], facts=drifted)}
        return {name: changes(hosts, now, name) for name in ADDRESSES}

    assert says("7.0.15") == {"n1": [], "n2": [], "n3": []}
    assert says("8.0.2", **{"cluster-ping-interval": "0"}) == {
        "n1": [],
        "n2": [
            "apply live, no restart (node 7001): cluster-ping-interval 0 -> 250",
            "write /etc/thoughtstream/redis-7001/redis.conf",
        ],
        "n3": [],
    }


def test_a_replica_that_lost_its_way_is_brought_back() -> None:
    hosts = wanted()
    known = settled(hosts)
    facts, node = known["n2"].facts, hosts.on("n2")[1]
    view = facts.nodes[node]
    assert view is not None
    astray = replace(view, me=replace(view.me, master_id=IDS["n3"][7001]))
    known["n2"] = replace(known["n2"], facts=replace(facts, nodes={**facts.nodes, node: astray}))

    assert changes(hosts, known, "n2") == ["n2:7002 becomes a replica of n1:7001"]
    assert changes(hosts, known, "n1") == []


def test_a_node_that_died_is_started_and_nothing_is_created() -> None:
    hosts = wanted()
    known = settled(hosts)
    facts, node = known["n2"].facts, hosts.on("n2")[0]
    unit = "thoughtstream-redis-7001"
    state_file = known["n2"].runtime.state_file(node)
    known["n2"] = replace(
        known["n2"],
        facts=replace(
            facts,
            units={**facts.units, unit: UnitState("loaded", "failed", "enabled")},
            servers={**facts.servers, unit: None},
            nodes={**facts.nodes, node: None},
            paths={**facts.paths, state_file: next(iter(facts.paths.values()))},
        ),
    )

    assert problems(hosts, known) == []
    assert changes(hosts, known, "n2") == [f"start {unit} (it is not running)"]


def test_what_keeps_a_cluster_from_being_deployed() -> None:
    hosts = wanted(redis={"maxmemory": "3gb"})
    known = bare(hosts)
    taken = {7001: Listener(7, "nginx"), 17_002: Listener(8, "other")}
    known["n2"] = replace(known["n2"], facts=replace(known["n2"].facts, listeners=taken))
    passwords = {"n1": "1" * 64, "n3": "3" * 64}
    for name, digest in passwords.items():
        known[name] = replace(
            known[name], facts=replace(known[name].facts, secrets={"admin": digest})
        )

    found = "\n".join(problems(hosts, known))

    assert "n1: redis.maxmemory: 3gb for each of 2 nodes is more than 60% of this host's" in found
    assert "n2: cluster.port: 7001 is in use by nginx (process 7)" in found
    assert "n2: cluster.port (the bus of 7002): 17002 is in use by other (process 8)" in found
    assert (
        "n3: the password of admin differs from the one on n1; remove /etc/thoughtstream/" in found
    )


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_wrong_password_restarts_nothing(runtime: str) -> None:
    hosts = wanted(runtime)
    known = settled(hosts)
    facts = known["n2"].facts
    deaf = replace(facts, servers=dict.fromkeys(facts.servers), nodes=dict.fromkeys(facts.nodes))
    known["n2"] = replace(known["n2"], facts=deaf)

    found = [line for line in problems(hosts, known) if "doesn't answer its admin" in line]

    assert [line[:13] for line in found] == ["n2: node 7001", "n2: node 7002"]
    lost = replace(deaf, secrets={r: d for r, d in deaf.secrets.items() if r != "admin"})
    state_files = map(known["n2"].runtime.state_file, hosts.on("n2"))
    there = dict.fromkeys(state_files, next(iter(facts.paths.values())))
    known["n2"] = replace(known["n2"], facts=replace(lost, paths={**lost.paths, **there}))
    assert problems(hosts, known) == []
    assert "copy the password of admin from n1" in changes(hosts, known, "n2")
    assert not [step for step in changes(hosts, known, "n2") if "restart" in step.split()]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_nodes_restart_one_by_one_where_nobody_has_the_password_any_more(runtime: str) -> None:
    hosts = wanted(runtime)
    known = settled(hosts)
    for name, each in known.items():
        facts = each.facts
        secrets: dict[Role, str] = {r: d for r, d in facts.secrets.items() if r != "admin"}
        there = dict.fromkeys(
            map(each.runtime.state_file, hosts.on(name)), next(iter(facts.paths.values()))
        )
        lost = replace(
            facts, secrets=secrets, paths={**facts.paths, **there},
            servers=dict.fromkeys(facts.servers), nodes=dict.fromkeys(facts.nodes),
        )  # fmt: skip
        known[name] = replace(each, facts=lost)

    assert problems(hosts, known) == []
    first, second = (changes(hosts, known, name) for name in ("n1", "n2"))
    assert "create the password of admin in /etc/thoughtstream/secrets/admin" in first
    assert "copy the password of admin from n1" in second
    for found in (first, second):
        assert not [step for step in found if step.startswith("create the cluster")]
        restarts = [step for step in found if step.split()[0] == "restart"]
        assert len(restarts) == 2
        assert all(step.endswith("(the password of admin was lost)") for step in restarts)
    steps = [str(step) for step in plan(hosts, known, "n3")]
    assert "all nodes answer" not in steps  # before they restart, none would
    turns = [step for step in steps if step.startswith("all hosts are ready before turn")]
    assert len(turns) == 6 * 2  # its restart, until it answers; it can't be asked for more
    gates = [n for n, step in enumerate(steps) if step.startswith("Redis answers")]
    assert all(n > steps.index(turns[0]) for n in gates)


def test_hosts_that_say_different_things() -> None:
    one, other = stack(runtime="native", cluster={}), stack(runtime="native", cluster={"nodes": 3})
    given: dict[str, dict[str, Any]] = {
        "n1": {"stack": one, "address": "10.0.0.1"},
        "n2": {"stack": other, "address": "127.0.0.1"},
        "n3": {"stack": one, "address": None},
        "n4": {"stack": one, "address": "8.8.8.8"},
    }

    with pytest.raises(TopologyError) as error:
        read(given)

    said = [line.strip() for line in str(error.value).splitlines()[1:]]
    assert said[0].startswith("n2: stack.cluster.nodes: is 3, and None on n1; it must be the same")
    assert said[1].startswith("n2: address: is 127.0.0.1, where no other host can reach it; give")
    assert said[2].startswith("n3: address: is missing; give the private address at which")
    assert said[3].startswith("n4: address: is 8.8.8.8; Redis is never exposed to the internet")


def test_the_inventory_of_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THOUGHTSTREAM_HOSTS", "a.local=10.1.0.1 b.local=10.1.0.2 c.local=10.1.0.3")

    names = runpy.run_path(str(Path(__file__).parents[2] / "inventories/cluster.py"))

    found = read(dict(names["hosts"]))
    assert [node.endpoint for node in found.on("b.local")] == ["10.1.0.2:7001", "10.1.0.2:7002"]
    assert all(data["_sudo"] for _, data in names["hosts"])


def test_certificates_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("ca\n")
    (tmp_path / "n1.crt").write_text("certificate\n")
    tls = {"ca": tmp_path / "ca.crt", "certificates": tmp_path}
    hosts = wanted(tls=tls)

    found = [line for line in problems(hosts, bare(hosts)) if "tls" in line]

    assert found[0].startswith(f"n1: tls.certificates: {tmp_path}/n1.key is missing; each")
    assert len(found) == 5


def test_tls_is_not_turned_on_under_a_working_cluster(tmp_path: Path) -> None:
    for name in ("ca.crt", *(f"{host}.{end}" for host in ADDRESSES for end in ("crt", "key"))):
        (tmp_path / name).write_text(f"{name}\n")
    known = settled(wanted())
    hosts = wanted(tls={"ca": tmp_path / "ca.crt", "certificates": tmp_path})

    found = problems(hosts, known)

    assert found[0].startswith("n1: tls: node 7001 runs without it, and it can't change while")


def test_a_new_certificate_is_taken_live_and_a_new_authority_by_the_service_too(
    tmp_path: Path,
) -> None:
    for name in ("ca.crt", *(f"{host}.{end}" for host in ADDRESSES for end in ("crt", "key"))):
        (tmp_path / name).write_text(f"{name}\n")
    tls = {"ca": tmp_path / "ca.crt", "certificates": tmp_path}
    known = settled(wanted(tls=tls))
    (tmp_path / "n1.crt").write_text("newer\n")
    hosts = wanted(tls=tls)
    now = {name: replace(each, runtime=bare(hosts)[name].runtime) for name, each in known.items()}

    found = changes(hosts, now, "n1")

    assert found[0].startswith("write /etc/thoughtstream/redis/tls/")
    assert [step.partition(": ")[2].count(".pem") for step in found if "live" in step] == [4, 4]
    assert not [step for step in found if "start" in step.split()[0]]
    assert changes(hosts, now, "n2") == []

    (tmp_path / "ca.crt").write_text("another authority\n")
    hosts = wanted(tls=tls)
    now = {name: replace(each, runtime=bare(hosts)[name].runtime) for name, each in known.items()}
    assert [step.partition(" (")[0] for step in changes(hosts, now, "n2") if "start" in step] == [
        "apply live, no restart", "apply live, no restart", "restart thoughtstream",
        "restart thoughtstream-web",
    ]  # fmt: skip
