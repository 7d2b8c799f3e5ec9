"""Whose a host is: what would start an empty mind beside its own is refused, and nothing else."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.claim import Claim, others_to_remove
from deploy.cluster.topology import Node
from deploy.facts.claim import ClaimsFact
from deploy.layout import SYSTEMD
from deploy.runtimes import server_runtime_of
from deploy.runtimes.server_runtime import ServerRuntime
from deploy.settings import stack
from deploy.steps import PutFile

from .facts import BARE, BARE_MAC, DEBIAN, MAC, deployed

ROAD = "deploy/README.md#to-move-a-mind says how to move it"
FILE = "/etc/thoughtstream/claim.json"
NATIVE = Claim("native", "server", 6379, "mini.py", "/var/lib/thoughtstream")
UNCLAIMED = replace(NATIVE, inventory="", data="")
"""Of a host that was deployed to before there was such a file."""

REFUSED: dict[str, tuple[Claim, dict[str, Any], list[str]]] = {
    "runtime": (
        NATIVE,
        {},
        [
            "runtime: is 'docker', and this host's mind is in 'native'; an empty one would start "
            f"beside it; {ROAD}"
        ],
    ),
    "runtime, back": (
        replace(NATIVE, runtime="docker"),
        {"runtime": "native"},
        [
            "runtime: is 'native', and this host's mind is in 'docker'; an empty one would start "
            f"beside it; {ROAD}"
        ],
    ),
    "a cluster on a server": (
        NATIVE,
        {"runtime": "native", "cluster": {}},
        [
            "cluster: is given, and this host has a server with a mind; an empty one would start; "
            f"{ROAD}"
        ],
    ),
    "a server on a cluster": (
        replace(NATIVE, stack="cluster", port=7001),
        {"runtime": "native"},
        [
            "cluster: is not given, and this host has nodes of a cluster; an empty one would "
            f"start; {ROAD}"
        ],
    ),
    "port": (
        NATIVE,
        {"runtime": "native", "redis": {"port": 6380}},
        [f"redis.port: is 6380, and this host's mind is on 6379; {ROAD}"],
    ),
    "port of nodes": (
        replace(NATIVE, stack="cluster", port=7001),
        {"runtime": "native", "cluster": {"port": 7101}},
        [f"cluster.port: is 7101, and this host's mind is on 7001; {ROAD}"],
    ),
    "data": (
        replace(NATIVE, data="/srv/mind"),
        {"runtime": "native"},
        [f"this host's mind is in /srv/mind, and not in /var/lib/thoughtstream; {ROAD}"],
    ),
    "inventory": (
        replace(NATIVE, inventory="other.py"),
        {"runtime": "native"},
        [
            "inventory: is mini.py, and this host belongs to other.py; run that "
            f"one, or, if this one takes its place, remove {FILE} on the host"
        ],
    ),
}


def runtime(**settings: Any) -> ServerRuntime:
    wanted = stack(**settings)
    nodes = [
        Node("one", "10.0.0.1", port) for port in (wanted.cluster.ports if wanted.cluster else ())
    ]
    return server_runtime_of(wanted, DEBIAN, nodes)


def problems(wanted: ServerRuntime, *claims: Claim) -> list[str]:
    return list(wanted.problems(replace(BARE, inventory="mini.py", claims=claims)))


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_orphan_a_mind_is_refused(name: str) -> None:
    found, settings, lines = REFUSED[name]

    assert problems(runtime(**settings), found) == lines
    if name not in ("data", "inventory"):  # which only the file tells
        assert problems(runtime(**settings), replace(found, inventory="", data="")) == lines


def test_what_is_another_matter_on_a_host_of_somebody_else_is_not_told() -> None:
    busy = replace(BARE, inventory="mini.py", claims=(NATIVE,), docker=None)

    assert len(list(runtime().problems(busy))) == 1
    assert "Docker is not installed" in next(runtime().problems(replace(busy, claims=())))


def test_one_of_two_that_are_there_is_taken_up() -> None:
    docker = replace(UNCLAIMED, runtime="docker")

    assert problems(runtime(), UNCLAIMED, docker) == []
    assert problems(runtime(runtime="native"), docker, UNCLAIMED) == []


KINDS = [(how, machine) for how in ("native", "docker") for machine in ("linux", "mac")]


@pytest.mark.parametrize(("how", "machine"), KINDS, ids=["-".join(kind) for kind in KINDS])
def test_a_host_says_whose_it_is_once_redis_is_there(how: str, machine: str) -> None:
    bare = replace(BARE_MAC if machine == "mac" else BARE, inventory="mini.py")
    bare = replace(bare, docker=BARE.docker)
    wanted = server_runtime_of(stack(runtime=how), MAC if machine == "mac" else DEBIAN)

    steps = wanted.plan(bare)

    (put,) = (step for step in steps if isinstance(step, PutFile) and "claim" in step.path)
    assert put.path.rpartition("/")[0] in wanted.watch().claims
    assert Claim.parse(put.text) == wanted.claim("mini.py")
    told = [str(step) for step in steps]
    redis = next(n for n, step in enumerate(told) if "redis (it " in step)
    assert (
        redis
        < steps.index(put)
        < next(n for n, s in enumerate(told) if "service (it" in s or "thoughtstream (it" in s)
    )
    after = replace(deployed(wanted, bare), claims=(wanted.claim("mini.py"),))
    assert [str(step) for step in wanted.plan(after) if step.changes] == []
    assert list(wanted.problems(after)) == []


@pytest.mark.parametrize("how", ["native", "docker"])
def test_what_was_deployed_before_is_claimed_without_a_word(how: str) -> None:
    wanted = runtime(runtime=how)
    old = replace(
        deployed(wanted, BARE), inventory="mini.py", claims=(replace(UNCLAIMED, runtime=how),)
    )

    assert list(wanted.problems(old)) == []
    assert [str(step) for step in wanted.plan(old) if step.changes] == [f"write {FILE}"]


def test_a_removal_is_refused_where_it_would_look_for_something_else() -> None:
    docker, node = runtime().claim("mini.py"), replace(NATIVE, stack="cluster", port=7001)

    assert list(others_to_remove(NATIVE, [node], FILE)) == []
    assert [line[:12] for line in others_to_remove(docker, [node], FILE)] == ["runtime: is "]
    assert [
        line[:10] for line in others_to_remove(NATIVE, [replace(node, inventory="x")], FILE)
    ] == ["inventory:"]


def seen(folder: Path) -> tuple[Claim, ...]:
    """What the fact finds in a folder that stands for a host's /etc."""
    command = str(ClaimsFact().command([str(folder / "thoughtstream")]))
    here = command.replace(SYSTEMD, str(folder / "systemd"))
    done = subprocess.run(["sh", "-c", here], capture_output=True, text=True, check=True)
    return ClaimsFact().process(done.stdout.splitlines())


def put(folder: Path, text: str, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def test_what_a_deployment_before_the_file_has_left_is_found(tmp_path: Path) -> None:
    assert seen(tmp_path) == ()
    put(tmp_path, "x", "thoughtstream/redis/masterauth.conf")
    put(
        tmp_path,
        "port 0\ntls-port 7002\n",
        *(f"thoughtstream/redis-{n}/redis.conf" for n in (7002, 7001)),
    )
    assert seen(tmp_path) == ()  # nothing of it was ever started
    put(
        tmp_path,
        "",
        "systemd/thoughtstream-redis-7001.service",
        "systemd/thoughtstream-redis-7002.service",
    )
    assert seen(tmp_path) == (Claim("native", "cluster", 7001),)

    put(tmp_path, "bind *\nport 6380\n", "thoughtstream/redis/redis.conf")
    put(tmp_path, "", "thoughtstream/compose.yaml")
    assert Claim("docker", "server", 6380) in seen(tmp_path)

    put(tmp_path, "port 0\ntls-port 6381\n", "thoughtstream/redis/redis.conf")
    assert Claim("docker", "server", 6381) in seen(tmp_path)

    put(tmp_path, "no json", "thoughtstream/claim.json")
    assert len(seen(tmp_path)) == 3
    put(tmp_path, NATIVE.to_json(), "thoughtstream/claim.json")
    assert seen(tmp_path) == (NATIVE,)
    assert json.loads(NATIVE.to_json())["inventory"] == "mini.py"
