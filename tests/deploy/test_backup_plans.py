"""What a backup and a restore plan, from facts alone: of one server, of a cluster, and of each into
the other. A host's commands are read as it would run them.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.age import new_identity
from deploy.backups import restore_plan, save_plan
from deploy.backups.facts import InstanceFacts, Room
from deploy.backups.manifest import Manifest
from deploy.backups.repository import Draft
from deploy.backups.restore_plan import Backup
from deploy.backups.restore_steps import Compare, CopyKeys, Empty, SetAside, Upload
from deploy.backups.save_steps import Finish, Save
from deploy.cluster.slots import ranges
from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Node
from deploy.runtimes import runtime_of, server_runtime_of
from deploy.runtimes.base import Runtime
from deploy.runtimes.instances import Instance
from deploy.runtimes.server_runtime import ServerRuntime
from deploy.settings import Stack, stack
from deploy.steps import Run, Step

from .facts import DEBIAN, MAC
from .test_backup_repository import MIB, saved
from .views import node, six, view

DRAFT = Draft(Path("/backups"), "mini", "T")
INFO = {"redis_version": "8.0.2", "aof_enabled": "1", "used_memory": str(10 * MIB)}
ROOM = Room(used=MIB, free=1000 * MIB, memory=1000 * MIB)
FINE = InstanceFacts(INFO, ROOM, keys=0)
KINDS = {
    "linux-native": ("native", DEBIAN),
    "linux-docker": ("docker", DEBIAN),
    "mac-native": ("native", MAC),
}
ONE = stack(runtime="native")
MANY = stack(runtime="native", cluster={})


def runtime(kind: str = "linux-native") -> Runtime:
    name, machine = KINDS[kind]
    return runtime_of(stack(runtime=name), machine)


def instance(kind: str = "linux-native") -> Instance:
    (one,) = runtime(kind).instances()
    return one


def on(host: str, wanted: Stack = MANY) -> ServerRuntime:
    """The runtime of a host of the cluster of six."""
    nodes = sorted(each.node for each in six() if each.node.host == host)
    return server_runtime_of(wanted, DEBIAN, nodes)


def instances(host: str) -> dict[Node, Instance]:
    return {node(one.name): one for one in on(host).instances()}


def backup(*names: str, until: int | None = None, replace: bool = False) -> Backup:
    """Of one server, or of a cluster's nodes."""
    parts = [saved(f"{name}.tar", content=b"x" * 100, node=name) for name in names or ("redis",)]
    manifest = {"name": "x", "made": "2026-01-01", "cluster": bool(names), "nodes": parts}
    return Backup(Path("/b"), Manifest.model_validate(manifest), until, replace, "T")


def said(steps: Sequence[Step]) -> list[str]:
    return [str(step) for step in steps]


# --- saving ----------------------------------------------------------------------------------


def test_one_server_is_saved_and_the_backup_completed() -> None:
    source = save_plan.source(stack(redis={"auto_aof_rewrite_percentage": 50}), instance(), FINE)

    assert (source.redis, source.percentage) == ("8.0.2", 50)
    assert said(save_plan.plan(source, DRAFT, keep=3)) == [
        "save redis (master) to /backups/mini/T",
        "complete the backup /backups/mini/T, and keep the newest 3",
    ]


def sources(seen: ClusterView) -> save_plan.Sources:
    every = {n: one for host in "abc" for n, one in instances(host).items()}
    return save_plan.sources(MANY, every, seen)


def test_an_encrypted_backup_says_so_from_end_to_end() -> None:
    public = new_identity()[1]
    wanted = stack(runtime="native", backup={"recipients": [public]})
    source = save_plan.source(wanted, instance(), FINE)

    save, finish = save_plan.plan(source, DRAFT, keep=3)

    assert str(save) == "save redis (master) to /backups/mini/T, encrypted"
    assert isinstance(finish, Finish) and finish.archives == ("redis.tar.age",)
    part = saved("redis.tar.age", recipients=(public,))
    given = replace(backup(), manifest=backup().manifest.model_copy(update={"nodes": (part,)}))
    upload = restore_plan.plan(ONE, runtime(), given, instance())[0]
    assert str(upload) == "decrypt and upload the backup, and verify that it loads"
    assert isinstance(upload, Upload) and upload.shares[0].folder.endswith("/restore-T-redis")


@pytest.mark.parametrize(
    ("host", "finishes", "saved_here", "archives"),
    [
        ("a", True, ["a:7002"], ("b-7002.tar", "c-7002.tar", "a-7002.tar")),
        ("b", False, ["b:7002"], ()),
        ("c", False, ["c:7002"], ()),
    ],
)
def test_each_host_saves_its_own_and_the_first_completes_the_backup(
    host: str, finishes: bool, saved_here: list[str], archives: tuple[str, ...]
) -> None:
    found = sources(view(six()))
    through = next(iter(instances(host).values()))
    steps = save_plan.cluster_plan(found, host, through, DRAFT, keep=7, finishes=finishes)

    assert [step.source.name for step in steps if isinstance(step, Save)] == saved_here
    assert [s.source.role for s in steps if isinstance(s, Save)] == ["replica"]
    assert steps[-1] == Finish(DRAFT, through, archives, 7, cluster=True)


def test_a_part_has_the_slots_of_its_shard() -> None:
    found = sources(view(six()))
    assert {str(n): source.slots for n, source in found.items()} == {
        "b:7002": ((0, 5460),),
        "c:7002": ((5461, 10922),),
        "a:7002": ((10923, 16383),),
    }


def test_the_master_is_saved_where_no_replica_has_caught_up_and_that_is_told() -> None:
    cluster = six()
    cluster[3] = cluster[3].with_info(master_link_status="down")
    cluster[4] = cluster[4].with_info(slave_repl_offset="-9999999")
    cluster[5] = replace(cluster[5], silent=True)
    seen = view(cluster)

    assert list(map(str, save_plan.chosen(seen))) == ["a:7001", "b:7001", "c:7001"]
    through = next(iter(instances("a").values()))
    steps = save_plan.cluster_plan(sources(seen), "a", through, DRAFT, keep=7, finishes=True)
    assert [getattr(step, "text", "") for step in steps][1].startswith("a:7001 is a master: its")


def test_problems_name_the_node_and_only_those_of_the_host() -> None:
    found = sources(view(six()))
    low = InstanceFacts(INFO, replace(ROOM, free=1))

    lines = list(save_plan.problems(found, {node("a:7002"): low}, DRAFT, free=1000 * MIB))
    assert lines == [
        "a:7002: facts.disk.free: 1b is too little: the copy of the log may need 1mb; make room on "
        "the host"
    ]
    assert not list(save_plan.problems(found, {node("a:7002"): FINE}, DRAFT, free=1000 * MIB))


def test_slots_that_nobody_serves_or_that_move_make_no_whole_backup() -> None:
    cluster = six()
    assert not list(save_plan.unsound(view(cluster)))

    cluster[2] = replace(cluster[2], slots=["10923-16383", "[7->-abc]"])
    assert "c:7001: has open slots: 7; deploy.rebalance" in next(save_plan.unsound(view(cluster)))

    cluster[2] = replace(cluster[2], silent=True)
    assert "only 10923 of 16384 slots" in next(save_plan.unsound(view(cluster)))


def test_slots_are_written_as_ranges() -> None:
    assert ranges([5, 0, 1, 2, 7, 8]) == [(0, 2), (5, 5), (7, 8)]
    assert ranges([]) == []


# --- restoring -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "stops", "data"),
    [
        (
            "linux-native",
            [
                "systemctl stop thoughtstream-web",
                "systemctl stop thoughtstream",
                "systemctl stop thoughtstream-redis",
            ],
            "/var/lib/thoughtstream/redis",
        ),
        (
            "linux-docker",
            [
                "docker stop --time 60 thoughtstream-web >/dev/null",
                "docker stop --time 60 thoughtstream >/dev/null",
                "docker stop --time 60 thoughtstream-redis >/dev/null",
            ],
            "/data",
        ),
        (
            "mac-native",
            [
                "launchctl bootout system/io.thoughtstream.web",
                "launchctl bootout system/io.thoughtstream.service",
                "launchctl bootout system/io.thoughtstream.redis",
            ],
            "/opt/thoughtstream/data/redis",
        ),
    ],
)
def test_one_server_gets_the_log_itself(kind: str, stops: list[str], data: str) -> None:
    one = instance(kind)
    steps = restore_plan.plan(ONE, runtime(kind), backup(), one)

    unit, (service, web), aside = one.unit, one.clients, f"{data}/before-restore-T"
    assert said(steps) == [
        "upload the backup, and verify that it loads",
        f"stop {web}",
        f"stop {service}",
        f"stop {unit}",
        f"put the backup's log in place, and keep the old one in {aside}",
        f"start {unit}",
        "Redis answers",
        "compare with the backup, by count and by value",
        f"start {service}",
        "the service is healthy",
        f"start {web}",
        "show where things are",
    ]
    commands = [step.command for step in steps if isinstance(step, Run)]
    assert commands[:3] == stops
    assert f"{data}/restore-T-redis" in commands[3]


BY_KEYS = [
    "upload the backup, and verify that it loads",
    "stop thoughtstream-web",
    "stop thoughtstream",
    "copy the keys to the servers they belong to",
    "compare with the backup, by count and by value",
    "start thoughtstream",
    "the service is healthy",
    "start thoughtstream-web",
]
MAKING_ROOM = ["keep a copy of the present data in before-restore-T", "delete the present data"]


@pytest.mark.parametrize("making_room", [False, True])
def test_a_clusters_backup_goes_into_one_server_key_by_key(making_room: bool) -> None:
    given = backup("a:7001", "b:7001", replace=making_room)
    steps = restore_plan.plan(ONE, runtime(), given, instance())

    room = MAKING_ROOM if making_room else []
    assert said(steps) == [*BY_KEYS[:3], *room, *BY_KEYS[3:]]
    (copied,) = (step for step in steps if isinstance(step, CopyKeys))
    assert [share.saved.node for share in copied.shares] == ["a:7001", "b:7001"]
    assert not copied.cluster


def test_the_cut_is_in_the_plan() -> None:
    steps = restore_plan.plan(ONE, runtime(), backup(until=1500), instance())
    assert said(steps)[0] == (
        "upload the backup, cut at 1970-01-01T00:25:00Z, and verify that it loads"
    )


@pytest.mark.parametrize(
    ("names", "dealt"),
    [
        ((), {"a": ["redis"], "b": [], "c": []}),
        (("1", "2", "3", "4"), {"a": ["1", "4"], "b": ["2"], "c": ["3"]}),
    ],
)
def test_the_hosts_of_a_cluster_share_the_work(
    names: tuple[str, ...], dealt: dict[str, list[str]]
) -> None:
    given = backup(*names)
    for host in "abc":
        own = on(host).instances()
        shares = restore_plan.cluster_shares(given, ["a", "b", "c"], host, own[0])
        steps = restore_plan.cluster_plan(MANY, on(host), given, shares, own, compares=host == "a")

        assert [share.saved.node for share in shares] == dealt[host]
        assert said(steps) == BY_KEYS
        (copied,) = (step for step in steps if isinstance(step, CopyKeys))
        (compared,) = (step for step in steps if isinstance(step, Compare))
        assert copied.cluster and compared.cluster
        assert compared.instance == (own[0] if host == "a" else None)
        assert len(compared.archives) == (len(names) or 1)


def test_all_servers_of_a_host_make_room() -> None:
    own = on("a").instances()
    given = backup(replace=True)
    steps = restore_plan.cluster_plan(MANY, on("a"), given, (), own, compares=False)

    assert said(steps)[3:5] == MAKING_ROOM
    kept, emptied = (step for step in steps if isinstance(step, SetAside | Empty))
    assert kept.instances == emptied.instances == tuple(own) and len(own) == 2


def test_what_keeps_one_server_from_a_restore() -> None:
    assert not list(restore_plan.problems(ONE, backup(), FINE))
    held = replace(FINE, keys=1)
    small = stack(runtime="native", redis={"maxmemory": "16mb"})
    lines = list(restore_plan.problems(small, backup("1", "2", until=1), held))
    assert [line.split(":")[0] for line in lines] == ["point_in_time", "redis", "redis.maxmemory"]


def test_what_keeps_a_cluster_from_a_restore() -> None:
    own = dict.fromkeys(on("a").instances(), FINE)
    given = backup()

    assert not list(restore_plan.cluster_problems(MANY, view(six()), given, (), own))
    ill = six()
    ill[3] = ill[3].with_info(master_link_status="down")
    held = dict.fromkeys(own, replace(FINE, keys=1))
    lines = list(restore_plan.cluster_problems(MANY, view(ill), given, (), held))
    assert any("b:7002" in line for line in lines)
    assert sum("holds keys already" in line for line in lines) == 2


# --- how a host's servers are reached ----------------------------------------------------------


def test_a_container_is_reached_through_its_volume_and_on_its_network() -> None:
    one = instance("linux-docker")

    assert "--volumes-from thoughtstream-redis --user 0 --entrypoint sh" in one.inside("true")
    assert "--network none" in one.inside("true")
    assert "--network none" in one.python("pass")
    assert "--network container:thoughtstream-redis" in one.python("pass", server=True)
    (first, _) = on("a", stack(cluster={})).instances()
    assert "--network host" in first.python("pass", server=True)
    assert first.endpoint() == ["--address", "10.0.0.1", "--port", "7001"]


def test_a_mind_of_ones_own_has_no_servers_to_back_up() -> None:
    assert runtime_of(stack(runtime="embedded"), DEBIAN).instances() == []
