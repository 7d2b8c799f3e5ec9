"""What runs on a host may do no more than it needs, as it is rendered; `hosts/` sees what runs."""

from dataclasses import replace

import yaml

from deploy.facts.gather import Facts
from deploy.layout import PROMETHEUS_UNIT, REDIS_UNIT, SERVICE_UNIT, WEB_UNIT
from deploy.runtimes import runtime_of
from deploy.runtimes.docker import Docker
from deploy.runtimes.linux import LinuxNative
from deploy.settings import stack
from deploy.steps import BuildImage

from .facts import BARE, DEBIAN, deployed


def test_all_units_are_as_closed_as_the_services() -> None:
    one = runtime_of(stack(runtime="native", prometheus=True), DEBIAN)
    assert isinstance(one, LinuxNative)

    def closed(unit: str) -> set[str]:
        told = one.job(unit).text.partition("NoNewPrivileges")
        return set(f"{told[1]}{told[2]}".splitlines())

    assert "SystemCallFilter=@system-service" in closed(SERVICE_UNIT)
    assert closed(SERVICE_UNIT) == closed(WEB_UNIT) == closed(PROMETHEUS_UNIT)
    assert closed(SERVICE_UNIT) < closed(REDIS_UNIT)


def test_all_containers_are_closed() -> None:
    one = runtime_of(stack(runtime="docker", docker={"insight": True}), DEBIAN)
    assert isinstance(one, Docker)

    containers = yaml.safe_load(one.compose.file(BARE)[0].text)["services"]

    assert containers.keys() == {"redis", "service", "web", "insight"}
    for name, container in containers.items():
        assert container["cap_drop"] == ["ALL"], name
        assert container["pids_limit"] == 512, name
        assert container["security_opt"] == ["no-new-privileges:true"], name
        # RedisInsight is somebody else's, who says nowhere where it writes.
        assert container.get("read_only", False) == (name != "insight"), name
    redis = containers.pop("redis")
    assert redis["cap_add"] == ["CHOWN", "DAC_OVERRIDE", "SETGID", "SETPCAP", "SETUID"]
    assert not [name for name, container in containers.items() if "cap_add" in container]


REDIS, PYTHON = "redis:8.2@sha256:a", "python:3.13-slim@sha256:b"


def _known(facts: Facts) -> Facts:
    """The same host, which knows the digests of what its tags mean."""
    assert facts.docker is not None
    digests = {pinned.partition("@")[0]: pinned.partition("@")[2] for pinned in (REDIS, PYTHON)}
    return replace(facts, docker=replace(facts.docker, digests=digests))


def test_an_image_is_pinned_to_what_a_registry_says_of_its_tag() -> None:
    one = runtime_of(stack(runtime="docker"), DEBIAN)
    assert isinstance(one, Docker)
    plan = one.plan(_known(BARE))

    pulls = [str(step) for step in plan if str(step).startswith("pull")]
    assert pulls == [f"pull image {REDIS}", f"pull image {PYTHON}"]
    containers = yaml.safe_load(one.compose.file(_known(BARE))[0].text)["services"]
    assert containers["redis"]["image"] == REDIS
    (build,) = (step for step in plan if isinstance(step, BuildImage))
    assert build.dockerfile.count(f"FROM {PYTHON}") == 2


def test_a_digest_that_becomes_known_makes_no_container_anew() -> None:
    one = runtime_of(stack(runtime="docker"), DEBIAN)
    settled = _known(deployed(one, BARE))

    assert [str(step) for step in one.plan(settled) if step.changes] == [
        "write /etc/thoughtstream/compose.yaml"
    ]
