"""The verbs of one server: what each plans and refuses, from facts alone."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.facts.files import PathState
from deploy.facts.gather import Facts
from deploy.rollouts.hosts import HostState
from deploy.runtimes import server_runtime_of
from deploy.runtimes.darwin import DarwinNative
from deploy.servers.checks import Refused, interrupted_rotation
from deploy.servers.restart import restart
from deploy.servers.rotate_secrets import rotate_secrets
from deploy.servers.upgrade import upgrade
from deploy.settings import stack
from deploy.steps import Step

from .facts import BARE, BARE_MAC, DEBIAN, MAC, deployed
from .test_status import pulled

KINDS = ["linux-native", "linux-docker", "mac-native"]
FILE = PathState("-", ("root", "0"), ("root", "0"), 0o600)


def known(kind: str, **settings: Any) -> HostState:
    """A host that is as it should be."""
    system, _, how = kind.partition("-")
    machine, bare = (MAC, BARE_MAC) if system == "mac" else (DEBIAN, BARE)
    runtime = server_runtime_of(stack(runtime=how, **settings), machine)
    return HostState(runtime, deployed(runtime, bare))


def words(steps: list[Step]) -> list[str]:
    return [str(step).partition(" (")[0] for step in steps if step.changes]


def installed(host: HostState, redis: str, candidate: str | None) -> HostState:
    software = replace(host.facts.software, redis=redis, candidate=candidate)
    return replace(host, facts=replace(host.facts, software=software))


@pytest.mark.parametrize("kind", KINDS)
def test_a_restart_saves_the_log_refuses_writes_and_tells_the_gap(
    kind: str,
) -> None:
    steps = [str(step) for step in restart(known(kind))]

    log, stop, refuse, start, *gates, told, healthy = steps
    assert log == "rewrite Redis's append-only file"
    assert stop == "note when Redis stops"
    assert refuse == "let Redis refuse writes until it is back"
    assert start.startswith("restart ")
    assert "nobody is served until it answers again" in start
    assert len(gates) == 1
    assert (told, healthy) == ("tell how long Redis was away", str(known(kind).runtime.healthy()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", [restart, upgrade, rotate_secrets])
def test_no_verb_begins_on_a_redis_that_does_not_answer(kind: str, verb: Any) -> None:
    host = known(kind)

    with pytest.raises(Refused, match=r"Redis doesn't answer its admin; run deploy\.stack first"):
        verb(replace(host, facts=replace(host.facts, redis=None)))


@pytest.mark.parametrize("kind", KINDS)
def test_an_upgrade_to_what_is_there_changes_nothing(kind: str) -> None:
    assert words(upgrade(installed(known(kind), "8.0.2", None))) == []


def test_apts_newer_redis_is_installed_and_then_runs() -> None:
    found = words(upgrade(installed(known("linux-native"), "5:8.0.2-3", "5:8.0.4-1")))

    assert found == ["upgrade redis-server 5:8.0.2-3 -> 5:8.0.4-1", "restart thoughtstream-redis"]


def test_a_binary_that_apt_or_brew_brought_by_itself_runs_afterwards() -> None:
    native = installed(known("linux-native"), "5:8.0.4-1", "5:8.0.4-1")
    assert words(upgrade(native)) == ["restart thoughtstream-redis"]

    mac = installed(known("mac-native"), "8.0.4", None)
    assert words(upgrade(mac)) == ["restart io.thoughtstream.redis"]


def test_brews_newer_redis_is_installed_and_then_runs() -> None:
    mac = installed(known("mac-native"), "8.0.2", "8.2.1")
    assert isinstance(mac.runtime, DarwinNative)

    assert words(upgrade(mac)) == ["upgrade redis to 8.2.1", "restart io.thoughtstream.redis"]


def test_a_newer_image_of_the_same_tag_is_checked_and_then_runs() -> None:
    host = known("linux-docker")
    steps = upgrade(replace(host, facts=pulled(host.facts)))

    assert words(steps) == ["restart container redis"]
    assert str(steps[0]).startswith("check that redis:8.2 is not older than Redis 8.0.2")


def test_the_service_is_built_anew_on_a_newer_python() -> None:
    host = known("linux-docker")
    docker = host.facts.docker
    assert docker is not None
    base, own = host.runtime.stack.docker.python_image, docker.images[-1]
    moved = replace(docker, layers={base: ("new",), own: ("old", "ours")})
    after = replace(docker, layers={base: ("new",), own: ("new", "ours")})

    def planned(found: Any) -> list[str]:
        return words(upgrade(replace(host, facts=replace(host.facts, docker=found))))

    assert planned(after) == []
    assert planned(moved) == [
        f"build image {own}",
        "restart container service",
        "restart container web",
    ]


def test_an_older_redis_is_refused() -> None:
    host = known("linux-native")
    older = replace(host.facts.software, candidate="5:7.0.15-1")

    with pytest.raises(Refused, match="can't be downgraded"):
        upgrade(replace(host, facts=replace(host.facts, software=older)))


@pytest.mark.parametrize("kind", KINDS)
def test_new_passwords_are_allowed_beside_the_old_before_they_are_used(kind: str) -> None:
    found = words(rotate_secrets(known(kind)))

    phases = [
        "keep a copy of the passwords in use",
        "use the new passwords",
        "delete the old passwords",
    ]
    kept, used, gone = (found.index(phase) for phase in phases)
    made = [n for n, step in enumerate(found) if step.startswith("create the password")]
    loads = [n for n, step in enumerate(found) if step.startswith("load the ACL")]
    assert len(made) == 4
    assert max(made) < kept < loads[0] < used < loads[1] < gone
    assert not any(step.startswith("restart") or "masterauth" in step for step in found)


def test_an_interrupted_rotation_is_ended_by_the_same_verb() -> None:
    host = known("linux-native")
    left = {next(iter(host.runtime.secrets.coming.values())): FILE}
    facts: Facts = replace(host.facts, paths={**host.facts.paths, **left})

    assert list(interrupted_rotation(host.runtime, host.facts)) == []
    assert list(interrupted_rotation(host.runtime, facts)) == [
        "a password rotation was interrupted; run deploy.rotate_secrets"
    ]
    assert words(rotate_secrets(replace(host, facts=facts)))[-1] == "delete the old passwords"
