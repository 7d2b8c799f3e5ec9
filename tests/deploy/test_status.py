"""`deploy.status`: what is said of a host, and in which colours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import click
import pytest

from deploy.claim import Claim
from deploy.facts.docker import RegistryFact
from deploy.facts.gather import Facts
from deploy.layout import REDIS_UNIT
from deploy.runtimes.docker import Docker
from deploy.runtimes.linux import LinuxNative
from deploy.settings import stack
from deploy.status import judging
from deploy.status.host_status import HostStatus
from deploy.status.table import table

from .facts import BARE, DEBIAN, deployed

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
NATIVE = LinuxNative(stack(runtime="native"), DEBIAN)
DOCKER = Docker(stack(), DEBIAN)


def line(**said: object) -> str:
    """The row of one host, as it is printed."""
    status = HostStatus("mini", "native", **({"health": "healthy"} | said))  # type: ignore[arg-type]
    return table([status], NOW)[1]


def test_a_bare_host_is_not_deployed_and_a_deployed_one_is_healthy() -> None:
    settled = deployed(NATIVE, BARE)

    assert judging.health(NATIVE, BARE, serves=False) == ("not deployed", [])
    assert judging.health(NATIVE, settled, serves=True) == ("healthy", [])
    assert judging.health(NATIVE, settled, serves=False)[0] == "unhealthy"
    assert judging.health(NATIVE, replace(settled, redis=None), serves=False) == (
        "unhealthy",
        ["Redis doesn't answer", "the service is not healthy"],
    )
    mind = Claim("docker", "server", 6379, "mini.py")
    health, said = judging.health(NATIVE, replace(BARE, claims=(mind,)), serves=False)
    assert health == "unhealthy"
    assert said[0].startswith("runtime: is 'native', and this host's mind is in 'docker'")
    assert judging.versions(NATIVE, settled) == ("8.0.2",)
    assert judging.release(NATIVE, settled) == settled.software.current


def test_a_newer_package_and_a_binary_that_does_not_run_yet_are_newer() -> None:
    settled = deployed(NATIVE, BARE)

    def newer(installed: str, candidate: str) -> list[str]:
        software = replace(settled.software, redis=installed, candidate=candidate)
        return list(judging.newer(NATIVE, replace(settled, software=software), {}))

    assert newer("5:8.0.2-3", "5:8.0.2-3") == []
    assert newer("5:8.0.2-3", "5:8.0.4-1") == ["Redis 8.0.2 -> 8.0.4"]
    assert newer("5:8.0.4-1", "5:8.0.4-1") == ["Redis 8.0.2 -> 8.0.4"]


def test_an_image_that_its_tag_means_no_more_is_newer() -> None:
    settled = deployed(DOCKER, BARE)
    assert settled.docker is not None
    here = {"redis:8.2": ("sha256:a", "sha256:a2"), "python:3.13-slim": ("sha256:b",)}
    settled = replace(settled, docker=replace(settled.docker, digests=here))
    registry = RegistryFact().process(["redis:8.2 sha256:new", "python:3.13-slim sha256:b", "c:1 "])

    for same in ("sha256:a", "sha256:a2"):  # one image, which the registry has given under both
        assert list(judging.newer(DOCKER, settled, {"redis:8.2": same})) == []
    assert list(judging.newer(DOCKER, settled, registry)) == [
        "redis:8.2@sha256:new, in its registry"
    ]
    assert judging.not_asked(settled, registry) == ["c:1"]
    assert list(judging.newer(DOCKER, pulled(settled), {})) == [
        "redis:8.2@sha256:a is a newer image"
    ]


def test_images_are_told_with_tag_and_digest() -> None:
    settled = deployed(DOCKER, BARE)
    assert settled.docker is not None
    known = replace(settled.docker, digests={"redis:8.2": ("sha256:a",)})
    found = tuple(judging.images(DOCKER, replace(settled, docker=known)))
    assert found == ("redis:8.2@sha256:a", "python:3.13-slim")

    told = table([HostStatus("mini", "docker", "healthy", images=found)], NOW)[2:]
    assert told == [
        "  mini: image redis:8.2@sha256:a",
        "  mini: image python:3.13-slim (no digest: it did not come from a registry)",
    ]


def pulled(facts: Facts) -> Facts:
    """The same host, where somebody has pulled another image of Redis's tag."""
    assert facts.docker is not None
    containers = dict(facts.docker.containers)
    containers[REDIS_UNIT] = replace(containers[REDIS_UNIT], outdated=True)
    return replace(facts, docker=replace(facts.docker, containers=containers))


@pytest.mark.parametrize(
    ("said", "text", "colour"),
    [
        ({}, "healthy", "green"),
        ({"health": "unreachable"}, "unreachable", "red"),
        ({"health": "not deployed"}, "not deployed", "yellow"),
        ({"differs": 2}, "2 to do", "yellow"),
        ({"backup": None}, "none", "yellow"),
        ({"backup": NOW - timedelta(days=4)}, "4 days ago", "yellow"),
        ({"backup": NOW + timedelta(hours=5)}, "0 min ago", None),
        ({"backup": NOW, "backup_encrypted": True}, "0 min ago, encrypted", None),
        ({"certificate_ends": NOW + timedelta(days=9)}, "ends in 9 days", "yellow"),
        ({"certificate_ends": NOW - timedelta(days=9)}, "ENDED", "red"),
    ],
)
def test_what_somebody_should_look_at_has_a_colour(
    said: dict[str, object], text: str, colour: str
) -> None:
    told = line(**said)

    start = click.style("", fg=colour, reset=False)
    assert f"{start}{text}" in told


def test_a_program_gets_the_same_with_times_in_iso() -> None:
    found = HostStatus("mini", "native", "healthy", ("8.0.2",), backup=NOW).to_json()

    assert (found["host"], found["redis"], found["backup"]) == (
        "mini", ("8.0.2",), "2026-11-29T12:00:00+00:00",
    )  # fmt: skip
