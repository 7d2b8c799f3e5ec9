"""Which image just a tag means: asked of its registry, and kept until an upgrade."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from deploy.facts.docker import DockerFact, DockerState, RegistryFact
from deploy.facts.gather import Facts, gather
from deploy.runtimes import runtime_of
from deploy.runtimes.docker import Docker
from deploy.settings import stack
from deploy.steps import BuildImage

from .facts import BARE, DEBIAN, deployed

REDIS, PYTHON = "redis:8.2@sha256:a", "python:3.13-slim@sha256:b"


def _known(facts: Facts) -> Facts:
    """The same host, which knows the digests of what its tags mean."""
    assert facts.docker is not None
    known = [pinned.partition("@") for pinned in (REDIS, PYTHON)]
    digests: dict[str, tuple[str, ...]] = {tag: (digest,) for tag, _, digest in known}
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


def test_only_of_an_image_that_is_not_there_its_registry_is_asked() -> None:
    asked: list[Sequence[str]] = []

    def read(name_or_cls: Any, *arguments: Any) -> Any:
        if name_or_cls is DockerFact:
            return DockerState("26", images=("redis:8.2",), digests={"redis:8.2": ("sha256:a",)})
        if name_or_cls is RegistryFact:
            asked.append(arguments[0])
            return {"python:3.13-slim": "sha256:b", "redis/redisinsight:2.70": None}
        return name_or_cls.default()

    runtime = runtime_of(stack(runtime="docker", docker={"insight": True}), DEBIAN)
    found = gather(read, DEBIAN, runtime.watch(), local=False).docker

    assert asked == [["python:3.13-slim", "redis/redisinsight:2.70"]]
    assert found is not None
    assert found.digests == {"redis:8.2": ("sha256:a",), "python:3.13-slim": ("sha256:b",)}


def test_a_registry_is_asked_also_where_no_program_is_called_timeout(tmp_path: Path) -> None:
    """As on a Mac."""
    says = '#!/bin/sh\n[ "$1 $2 $3" = "buildx imagetools inspect" ] && echo sha256:a\n'
    (tmp_path / "docker").write_text(says)
    (tmp_path / "docker").chmod(0o755)
    for name in ("sh", "grep", "head", "perl"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    command = RegistryFact().command(["redis:8.2"])

    done = subprocess.run(
        [tmp_path / "sh", "-c", command], env={"PATH": str(tmp_path)}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip

    assert RegistryFact().process(done.stdout.splitlines()) == {"redis:8.2": "sha256:a"}
