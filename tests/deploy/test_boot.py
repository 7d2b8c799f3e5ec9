"""What a host does by itself as it boots and is kept up to date, and what is told of that."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.cluster.topology import nodes_of
from deploy.facts.gather import Facts
from deploy.facts.machine import Machine
from deploy.facts.units import UnitState
from deploy.layout import REDIS_UNIT, SERVICE_UNIT, HomeLayout
from deploy.runtimes import runtime_of, server_runtime_of
from deploy.runtimes.embedded import Embedded
from deploy.runtimes.linux import LinuxNative
from deploy.settings import stack
from deploy.steps import Gate, Install, PutFile

from .facts import BARE, DEBIAN, deployed

BOUND = {"bind": ["127.0.0.1", "10.0.0.5"]}
SYSCTL = "/etc/sysctl.d/60-redis.conf"


def told(facts: Facts, **settings: Any) -> list[str]:
    said = runtime_of(stack(plaintext=True, **settings), facts.machine).cautions(facts)
    return [line for line in said if "without TLS" not in line]


def written(path: str, facts: Facts = BARE, **settings: Any) -> str:
    """The text of a file that a plan writes."""
    plan = runtime_of(stack(plaintext=True, **settings), facts.machine).plan(facts)
    (text,) = (step.text for step in plan if isinstance(step, PutFile) and step.path == path)
    return text


@pytest.mark.parametrize(("redis", "target"), [({}, "network"), (BOUND, "network-online")])
def test_redis_waits_for_the_network_where_it_needs_it_and_never_gives_up(
    redis: dict[str, Any], target: str
) -> None:
    unit = written(f"/etc/systemd/system/{REDIS_UNIT}.service", runtime="native", redis=redis)

    assert f"After={target}.target " in unit
    assert ("Wants=network-online.target" in unit) == (target == "network-online")
    assert "StartLimitIntervalSec=0" in unit.partition("[Service]")[0]


def test_when_a_unit_starts_is_for_the_next_boot() -> None:
    settled = deployed(runtime_of(stack(runtime="native"), DEBIAN), BARE)
    bound = runtime_of(stack(runtime="native", redis=BOUND, plaintext=True), DEBIAN)

    steps = [str(step) for step in bound.plan(settled)]

    assert "apply live, no restart: bind 127.0.0.1 -::1 -> 127.0.0.1 10.0.0.5" in steps
    assert f"start {REDIS_UNIT} (its unit changed)" in steps
    assert not any(step.startswith("restart") for step in steps)


def test_a_unit_that_starts_and_ends_again_and_again_is_started() -> None:
    runtime = runtime_of(stack(runtime="native"), DEBIAN)
    settled = deployed(runtime, BARE)
    units = settled.units | {SERVICE_UNIT: UnitState("loaded", "failing", "enabled")}

    steps = [str(step) for step in runtime.plan(replace(settled, units=units)) if step.changes]

    assert steps == [f"start {SERVICE_UNIT} (it is not running)"]


def test_docker_may_listen_before_an_address_is_there() -> None:
    assert "nonlocal" not in written(SYSCTL, runtime="docker")
    assert "nonlocal" not in written(SYSCTL, runtime="native", redis=BOUND)
    page = {"bind": "fd00::5", "behind_proxy": True}

    text = written(SYSCTL, runtime="docker", redis=BOUND, web=page)

    assert "net.ipv4.ip_nonlocal_bind = 1" in text
    assert "net.ipv6.ip_nonlocal_bind = 1" in text
    runtime = runtime_of(stack(runtime="docker", redis=BOUND, plaintext=True), DEBIAN)
    settled = deployed(runtime, BARE)
    other = replace(settled, machine=replace(settled.machine, nonlocal_bind=frozenset()))
    assert [str(step) for step in runtime.plan(other) if step.changes] == [f"apply {SYSCTL}"]


def test_nodes_in_docker_may_listen_before_their_address_is_there() -> None:
    wanted = stack(runtime="docker", cluster={"nodes": 2})
    assert wanted.cluster is not None
    runtime = server_runtime_of(wanted, DEBIAN, nodes_of({"n1": "10.0.0.1"}, wanted.cluster))

    (text,) = (
        s.text for s in runtime.prepare(BARE, {}) if isinstance(s, PutFile) and s.path == SYSCTL
    )

    assert "net.ipv4.ip_nonlocal_bind = 1" in text


def test_whoever_uses_apt_is_told_and_waited_for() -> None:
    busy = replace(BARE.software, apt_user="unattended-upgr (process 812)", unfinished=True)
    facts = replace(BARE, software=busy)
    runtime = runtime_of(stack(runtime="native", prometheus=True), DEBIAN)

    assert told(facts, runtime="native") == [
        "facts.software.apt_user: apt is in use by unattended-upgr (process 812); waited for, "
        "10 min at most"
    ]
    plan = runtime.plan(facts)
    users = [
        i
        for i, step in enumerate(plan)
        if isinstance(step, Install)
        or (str(step).endswith("installation of packages") and step.changes)
    ]
    waits = [str(plan[i - 1]) for i in users if isinstance(plan[i - 1], Gate)]
    assert waits == [f"apt is free to {plan[i]}" for i in users]
    assert len(waits) == 3
    assert (
        told(
            replace(facts, software=replace(busy, redis="8.0.2", unfinished=False)),
            runtime="native",
        )
        == []
    )


def test_what_passes_the_firewall_is_told() -> None:
    facts = replace(BARE, machine=replace(DEBIAN, ufw=True))

    assert told(facts, redis=BOUND) == [
        "redis.bind: ufw is on here (facts.machine.ufw), and yet everybody gets to "
        "10.0.0.5:6379, for Docker's rules come first; filter in the chain DOCKER-USER, or use "
        "'native'"
    ]
    assert (
        told(facts) == told(BARE, redis=BOUND) == told(facts, runtime="native", redis=BOUND) == []
    )


def test_where_selinux_guards_containers_their_files_are_labelled() -> None:
    assert BARE.docker is not None
    guarded = replace(BARE, docker=replace(BARE.docker, selinux=True))

    assert "facts.docker.selinux: is on" in told(guarded)[0]
    assert (
        written("/etc/thoughtstream/compose.yaml", guarded).count(':/etc/thoughtstream:ro,z"') == 3
    )
    assert ",z" not in written("/etc/thoughtstream/compose.yaml")


@pytest.mark.parametrize(
    ("linger", "own", "is_told"), [(False, True, True), (True, True, False), (False, False, False)]
)
def test_a_mind_that_ends_at_logout_is_told(linger: bool, own: bool, is_told: bool) -> None:
    machine = Machine("Linux", user="ana", systemd_user=own, linger=linger)
    runtime = Embedded(stack(runtime="embedded"), machine, HomeLayout("/h", "/p", "/u", ""))

    found = list(runtime.cautions(Facts(machine)))

    assert found == (
        [
            "facts.machine.linger: is off, so the mind ends when you log out, and starts when you "
            "log in; to have it stay: sudo loginctl enable-linger ana"
        ]
        if is_told
        else []
    )


def test_needrestart_is_told_to_leave_redis_alone() -> None:
    rule = written("/etc/needrestart/conf.d/thoughtstream.conf", runtime="native")

    assert "$nrconf{override_rc}{qr(^thoughtstream-redis)} = 0;" in rule
    assert isinstance(runtime_of(stack(runtime="native"), DEBIAN), LinuxNative)
