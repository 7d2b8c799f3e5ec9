"""Plans, from facts alone: what is done to a bare host, to one that is as it should be, and to one
that differs in one thing.
"""

import plistlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deploy.facts.embedded import EmbeddedState
from deploy.facts.files import PathState
from deploy.facts.gather import Facts
from deploy.facts.units import UnitState
from deploy.layout import (
    DAEMON,
    LAUNCH_DAEMONS,
    REDIS_DAEMON,
    REDIS_UNIT,
    SERVICE_UNIT,
    SYSTEMD,
    HomeLayout,
)
from deploy.runtimes import runtime_of
from deploy.runtimes.base import Runtime
from deploy.runtimes.darwin import DarwinNative
from deploy.runtimes.docker import Docker
from deploy.runtimes.embedded import Embedded
from deploy.runtimes.linux import LinuxNative
from deploy.settings import stack

from .facts import BARE, BARE_MAC, DEBIAN, MAC, deployed

KINDS = {
    "linux-native": ("native", BARE),
    "linux-docker": ("docker", BARE),
    "mac-native": ("native", BARE_MAC),
    "mac-docker": ("docker", replace(BARE_MAC, docker=BARE.docker)),
}


def runtime(kind: str, **redis: Any) -> Runtime:
    name, bare = KINDS[kind]
    return runtime_of(stack(runtime=name, redis=redis), bare.machine)


def changes(runtime: Runtime, facts: Facts) -> list[str]:
    return [str(step) for step in runtime.plan(facts) if step.changes]


def settled(kind: str) -> Facts:
    """A host of a kind that was deployed to, with defaults."""
    return deployed(runtime(kind), KINDS[kind][1])


@pytest.mark.parametrize("kind", KINDS)
def test_a_settled_host_needs_nothing(kind: str) -> None:
    assert changes(runtime(kind), settled(kind)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_bare_host_can_be_deployed_to(kind: str) -> None:
    assert list(runtime(kind).problems(KINDS[kind][1])) == []


@pytest.mark.parametrize("kind", KINDS)
def test_more_memory_is_live(kind: str) -> None:
    found = changes(runtime(kind, maxmemory="600mb"), settled(kind))

    assert [step.split(" /")[0] for step in found] == [
        "apply live, no restart: maxmemory 512mb -> 600mb",
        "write",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_more_threads_restart_redis_and_nothing_else(kind: str) -> None:
    found = changes(runtime(kind, io_threads=4), settled(kind))

    restarts = [step for step in found if step.startswith("restart")]
    assert [step.split(" (")[1] for step in restarts] == ["io-threads 1 -> 4)"]
    assert "redis" in restarts[0]
    assert not [step for step in found if "live" in step]


@pytest.mark.parametrize("kind", KINDS)
def test_live_and_restart_together_are_one_restart(kind: str) -> None:
    found = changes(runtime(kind, io_threads=4, maxmemory="600mb"), settled(kind))

    assert len([step for step in found if step.startswith("restart")]) == 1
    assert not [step for step in found if "live" in step]


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_written_before_what_reads_them_starts(kind: str) -> None:
    found = changes(runtime(kind), KINDS[kind][1])
    first = {
        what: next(i for i, step in enumerate(found) if fits(step)) for what, fits in ORDER.items()
    }

    assert sorted(first, key=lambda what: first[what]) == list(ORDER)


ORDER: dict[str, Callable[[str], bool]] = {
    "password": lambda step: step.startswith("create the password"),
    "redis.conf": lambda step: step.endswith("redis.conf") and "sysctl" not in step,
    "users.acl": lambda step: step.endswith("users.acl"),
    "redis": lambda step: step.startswith("start") and "redis" in step,
    "service": lambda step: step.startswith(
        ("start thoughtstream (", "start container service", f"start {DAEMON} ")
    ),
}


def test_bare_debian() -> None:
    found = changes(runtime("linux-native"), BARE)

    assert found[:9] == [
        "write /etc/sysctl.d/60-redis.conf",
        "apply /etc/sysctl.d/60-redis.conf",
        "write /etc/systemd/system/thoughtstream-thp.service",
        "restart thoughtstream-thp (no transparent huge pages)",
        "create directory /etc/needrestart/conf.d",
        "write /etc/needrestart/conf.d/thoughtstream.conf",
        "install redis-server",
        "create user thoughtstream",
        "create user thoughtstream-web",
    ]
    assert found[-5:] == [
        "write /etc/systemd/system/thoughtstream.service",
        "start thoughtstream (it is not running)",
        "write /etc/thoughtstream/web/thoughtstream.toml",
        "write /etc/systemd/system/thoughtstream-web.service",
        "start thoughtstream-web (it is not running)",
    ]


def test_bare_mac() -> None:
    assert changes(runtime("mac-native"), BARE_MAC)[:2] == [
        "never sleep, and start again after a power failure",
        "install redis, python@3.13 (brew)",
    ]


def test_a_host_that_is_not_to_be_tuned_is_not() -> None:
    machine = replace(DEBIAN, tunable=False, thp_tunable=False, container="lxc")
    found = changes(runtime("linux-native"), replace(BARE, machine=machine))

    assert found[:3] == [
        "create directory /etc/needrestart/conf.d",
        "write /etc/needrestart/conf.d/thoughtstream.conf",
        "install redis-server",
    ]


def test_debians_own_unit_is_kept_from_the_next_boot() -> None:
    facts = settled("linux-native")
    own = UnitState("loaded", "inactive", "enabled")

    assert changes(
        runtime("linux-native"), replace(facts, units=facts.units | {"redis-server": own})
    ) == ["mask redis-server"]


def test_somebody_elses_redis_is_left_alone() -> None:
    facts = settled("linux-native")
    theirs = UnitState("loaded", "active", "enabled", pid=7)
    facts = replace(facts, units=facts.units | {"redis-server": theirs})

    assert changes(runtime("linux-native"), facts) == []


@pytest.mark.parametrize("kind", ["linux-native", "linux-docker"])
def test_a_strange_user_makes_the_acl_load_again(kind: str) -> None:
    facts = settled(kind)
    assert facts.redis is not None
    users = (*facts.redis.users, "user mallory on nopass ~* &* +@all")

    assert changes(runtime(kind), replace(facts, redis=replace(facts.redis, users=users))) == [
        "load the ACL, no restart"
    ]


def drifted(kind: str, path: str) -> list[str]:
    """What is done to a settled host that has something else at a path, for everybody to read."""
    facts = settled(kind)
    other = PathState("-", ("root", "0"), ("root", "0"), 0o666)
    return changes(runtime(kind), replace(facts, paths=facts.paths | {path: other}))


def test_files_that_somebody_changed_are_put_right_and_taken_on() -> None:
    assert drifted("linux-native", "/etc/thoughtstream/secrets/admin") == [
        "set owner and mode of /etc/thoughtstream/secrets/admin"
    ]
    assert drifted("linux-native", "/etc/thoughtstream/redis/users.acl") == [
        "write /etc/thoughtstream/redis/users.acl",
        "load the ACL, no restart",
    ]
    assert drifted("linux-native", f"{SYSTEMD}/{REDIS_UNIT}.service")[1:] == [
        "start thoughtstream-redis (its unit changed)"
    ]
    # launchd takes a job's file only when it loads the job anew.
    assert drifted("mac-native", f"{LAUNCH_DAEMONS}/{REDIS_DAEMON}.plist")[1:] == [
        f"restart {REDIS_DAEMON} (its unit changed)"
    ]


RESTARTS = {
    ("linux-native", "service"): "restart thoughtstream (its settings, unit or release changed)",
    ("linux-native", "web"): "restart thoughtstream-web (its settings, unit or release changed)",
    ("linux-docker", "service"): "restart container service (its settings or image changed)",
    ("linux-docker", "web"): "restart container web (its settings or image changed)",
    ("mac-native", "service"): (
        "restart io.thoughtstream.service (its settings, unit or release changed)"
    ),
    ("mac-native", "web"): ("restart io.thoughtstream.web (its settings, unit or release changed)"),
}


@pytest.mark.parametrize("kind", ["linux-native", "linux-docker", "mac-native"])
@pytest.mark.parametrize(
    ("settings", "who"),
    [
        ({"service": {"streams": {"forget_threshold": 0.1}}}, ["service", "web"]),
        ({"service": {"metrics": {"port": 8711}}}, ["service"]),
        ({"web": {"port": 8710}}, ["web"]),
        ({"web": {"hosts": ["mind.example.org"]}}, ["web"]),
    ],
)
def test_new_settings_restart_who_reads_them_and_nobody_else(
    kind: str, settings: dict[str, Any], who: list[str]
) -> None:
    name, bare = KINDS[kind]
    found = changes(runtime_of(stack(runtime=name, **settings), bare.machine), settled(kind))

    restarts = [step for step in found if "start" in step.split()[0]]
    assert restarts == [RESTARTS[kind, one] for one in who]


@pytest.mark.parametrize("kind", KINDS)
def test_a_web_process_that_is_not_wanted_is_ended(kind: str) -> None:
    name, bare = KINDS[kind]
    without = runtime_of(stack(runtime=name, web={"enabled": False}), bare.machine)

    assert not [step for step in changes(without, bare) if "web" in step]
    found = changes(without, settled(kind))
    assert [step for step in found if "web" in step] == ["stop the web process for good"]
    assert [step for step in found if "users.acl" in step]  # nor has it a user any more
    assert not [step for step in found if step.startswith(("start", "restart"))]


def test_a_unit_that_died_is_started() -> None:
    facts = settled("linux-native")
    units = facts.units | {REDIS_UNIT: UnitState("loaded", "failed", "enabled")}

    assert changes(runtime("linux-native"), replace(facts, units=units, redis=None)) == [
        "start thoughtstream-redis (it is not running)"
    ]


def test_a_server_that_loads_its_data_is_waited_for() -> None:
    facts = settled("linux-native")
    loading = replace(facts.units[REDIS_UNIT], active="activating")
    one = runtime("linux-native")
    plan = one.plan(replace(facts, units=facts.units | {REDIS_UNIT: loading}, redis=None))

    assert [str(step) for step in plan][:2] == ["Redis answers", "the service is healthy"]


def test_a_server_that_knows_no_admin_is_restarted() -> None:
    facts = settled("linux-native")

    assert changes(runtime("linux-native"), replace(facts, redis=None)) == [
        "restart thoughtstream-redis (it doesn't answer its admin)"
    ]


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ({"status": "exited"}, "start container service (it is exited)"),
        ({"health": "unhealthy"}, "restart container service (it is unhealthy)"),
        ({"revision": "old"}, "restart container service (its settings or image changed)"),
        ({"outdated": True}, "restart container service (its image is a newer one)"),
    ],
)
def test_containers_that_differ(state: dict[str, Any], step: str) -> None:
    facts = settled("linux-docker")
    assert facts.docker is not None
    containers = dict(facts.docker.containers)
    containers[SERVICE_UNIT] = replace(containers[SERVICE_UNIT], **state)
    docker = replace(facts.docker, containers=containers)

    assert changes(runtime("linux-docker"), replace(facts, docker=docker)) == [step]


def test_container_memory_stays_while_maxmemory_changes() -> None:
    limits = set()
    for amount in ("256mb", "512mb", "3gb"):
        one = runtime("linux-docker", maxmemory=amount)
        assert isinstance(one, Docker)
        limits.add(one.compose.memory_limit(BARE))

    assert limits == {6 << 30}
    most = runtime("linux-docker", maxmemory="4700mb")
    assert isinstance(most, Docker)
    assert most.compose.memory_limit(BARE) * 0.6 >= 4700 << 20


def test_insight_is_there_if_wanted() -> None:
    wanted = stack(docker={"insight": True})
    found = changes(runtime_of(wanted, DEBIAN), BARE)

    assert "pull image redis/redisinsight:2.70 (no registry gave its digest)" in found
    assert found[-1] == "start container insight (it does not exist)"


HOME = HomeLayout("/home/ana/mind", "/venv/bin/thoughtstream", "/home/ana/u", "/Users/ana/agents")
PLACES = {
    "itself": replace(DEBIAN, user="ana"),
    "systemd --user": replace(DEBIAN, user="ana", systemd_user=True),
    "launchd": replace(MAC, user="ana", launchd_domain="gui/501"),
}
STARTS = {
    "itself": "start the mind",
    "systemd --user": "restart thoughtstream (in your home)",
    "launchd": f"start {DAEMON} (in your home)",
}


@pytest.mark.parametrize("supervisor", PLACES)
def test_a_mind_of_ones_own(supervisor: str) -> None:
    machine = PLACES[supervisor]
    one = Embedded(stack(runtime="embedded"), machine, HOME)
    bare = Facts(machine, local=True, embedded=EmbeddedState(healthy=False))

    assert one.supervisor == supervisor
    found = changes(one, bare)
    assert found[0] == "create directory /home/ana/mind"
    assert "write /home/ana/mind/thoughtstream.toml" in found
    assert found[-1] == STARTS[supervisor]
    assert "the mind is healthy" in [str(step) for step in one.plan(bare)]


@pytest.mark.parametrize(("domain", "session"), [("gui/501", "Aqua"), ("user/501", "Background")])
def test_an_agent_is_of_the_session_that_it_is_loaded_into(domain: str, session: str) -> None:
    machine = replace(PLACES["launchd"], launchd_domain=domain)
    job = Embedded(stack(runtime="embedded"), machine, HOME).job

    assert job is not None
    assert plistlib.loads(job.text.encode())["LimitLoadToSessionType"] == session


def test_every_kind_is_one_runtime() -> None:
    assert {kind: type(runtime(kind)) for kind in KINDS} == {
        "linux-native": LinuxNative,
        "linux-docker": Docker,
        "mac-native": DarwinNative,
        "mac-docker": Docker,
    }
