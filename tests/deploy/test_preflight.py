"""What must hold before anything is changed, by facts alone; each problem names setting or fact."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.facts.docker import ContainerState, DockerFact, DockerState
from deploy.facts.embedded import EmbeddedState
from deploy.facts.files import Disk, DiskFact
from deploy.facts.gather import Facts, gather
from deploy.facts.redis import RedisState
from deploy.facts.software import Software
from deploy.facts.units import Listener, UnitState
from deploy.layout import REDIS_UNIT
from deploy.runtimes import runtime_of
from deploy.settings import stack

from .facts import BARE, BARE_MAC, DEBIAN, GIB, MAC

MIB = 1 << 20
LINUX: dict[str, tuple[Facts, str]] = {
    "user": (
        replace(BARE, machine=replace(DEBIAN, user="admin")),
        "facts.machine.user: is admin, who may not change this host; connect as root, or set "
        "_sudo=True in the inventory",
    ),
    "systemd": (
        replace(BARE, machine=replace(DEBIAN, systemd=False)),
        "facts.machine.systemd: is not running here; use runtime='docker'",
    ),
    "apt": (
        replace(BARE, software=Software()),
        "facts.software.apt: is missing (not Debian or Ubuntu); use runtime='docker'",
    ),
    "no python": (
        replace(BARE, machine=replace(DEBIAN, python=None)),
        "facts.software.python_candidate: apt offers no python3; run apt-get update there",
    ),
    "old python": (
        replace(BARE, machine=replace(DEBIAN, python="3.9.2")),
        "facts.machine.python: is 3.9.2, and the service needs 3.11; use runtime='docker'",
    ),
    "musl": (
        replace(BARE, machine=replace(DEBIAN, glibc=None)),
        "facts.machine.glibc: is missing (musl?); use runtime='docker'",
    ),
    "old redis": (
        replace(BARE, software=replace(BARE.software, redis="6.0.16")),
        "facts.software.redis: is 6.0.16, and Functions need Redis 7.0; upgrade it, or use "
        "'docker'",
    ),
    "only an old redis": (
        replace(BARE, software=replace(BARE.software, candidate="5:6.0.16-1+deb11u2")),
        "facts.software.candidate: is 5:6.0.16-1+deb11u2, and Functions need Redis 7.0; upgrade "
        "it, or use 'docker'",
    ),
    "a redis of its own": (
        replace(
            BARE,
            software=replace(BARE.software, redis="5:8.0.2-3", own_data="/var/lib/redis/dump.rdb"),
            units={"redis-server": UnitState("loaded", "inactive", "disabled")},
        ),
        "facts.software.own_data: redis-server of this host is stopped, and has data "
        "(/var/lib/redis/dump.rdb) which nobody could serve any more; "
        "deploy/README.md#to-bring-over-another-redis says how to keep it; to leave it where it "
        "is: sudo systemctl mask redis-server",
    ),
    "memory": (
        replace(BARE, machine=replace(DEBIAN, memory=800 * MIB)),
        "redis.maxmemory: 512mb is more than 60% of this host's 800mb (facts.machine.memory); "
        "the most is 480mb",
    ),
    "disk": (
        replace(BARE, disk=Disk(free=GIB, used=None)),
        "facts.disk.free: 1gb is too little for redis.maxmemory 512mb: the log and its rewrite "
        "take twice that, and a release 512mb; free 512mb",
    ),
    "a newer one's data": (
        replace(BARE, disk=Disk(free=50 * GIB, redis="99.1.0")),
        "facts.software.redis: 5:8.0.2-3 is older than Redis 99.1.0, which wrote the data here, "
        "and could not read it; install that version or a newer one",
    ),
    "port": (
        replace(BARE, listeners={6379: Listener(99, "nginx")}),
        "redis.port: 6379 is in use by nginx (process 99); stop it, or choose another port",
    ),
    "port of who knows": (
        replace(BARE, listeners={6379: Listener(None, None)}),
        "redis.port: 6379 is in use by another program; stop it, or choose another port",
    ),
}


def problems(facts: Facts, **settings: Any) -> list[str]:
    return list(runtime_of(stack(**settings), facts.machine).problems(facts))


@pytest.mark.parametrize("name", LINUX)
def test_linux_native(name: str) -> None:
    facts, problem = LINUX[name]

    assert problems(facts, runtime="native") == [problem]


@pytest.mark.parametrize("how", ["masked", "serving"])
def test_a_redis_of_the_host_that_we_do_not_mask_may_have_data(how: str) -> None:
    loaded, active = ("masked", "inactive") if how == "masked" else ("loaded", "active")
    software = replace(BARE.software, redis="5:8.0.2-3", own_data="/var/lib/redis/dump.rdb")
    units = {"redis-server": UnitState(loaded, active, "enabled")}

    assert problems(replace(BARE, software=software, units=units), runtime="native") == []


def test_our_own_redis_takes_no_port_of_others() -> None:
    mine = UnitState("loaded", "active", "enabled", pid=42)
    facts = replace(BARE, listeners={6379: Listener(42, "redis-server")}, units={REDIS_UNIT: mine})

    assert problems(facts, runtime="native") == []


def test_data_that_is_there_counts_as_room() -> None:
    facts = replace(BARE, disk=Disk(free=GIB, used=GIB))

    assert problems(facts, runtime="native") == []


def test_of_what_docker_keeps_only_our_data_counts_as_room() -> None:
    asked: list[str] = []

    def read(name_or_cls: Any, *arguments: Any) -> Any:
        asked.extend(arguments if name_or_cls is DiskFact else ())
        return (
            DockerState(root="/srv/docker") if name_or_cls is DockerFact else name_or_cls.default()
        )

    runtime = runtime_of(stack(runtime="docker"), DEBIAN)
    gather(read, DEBIAN, runtime.watch(), local=False)

    assert asked == ["/srv/docker/volumes/thoughtstream_redis-data"]


@pytest.mark.parametrize(
    ("now", "used", "refused"),
    [
        (2 * GIB, 600 * MIB, True),
        (0, 600 * MIB, True),  # unlimited
        (2 * GIB, 500 * MIB, False),
        (512 * MIB, 600 * MIB, False),  # it is full already: what is deployed changes nothing
        (256 * MIB, 600 * MIB, False),
    ],
)
@pytest.mark.parametrize("runtime", ["native", "docker"])
def test_no_memory_is_taken_that_is_in_use(
    runtime: str, now: int, used: int, refused: bool
) -> None:
    running = RedisState("8.2.1", {"maxmemory": str(now)}, used=used)

    found = problems(replace(BARE, redis=running), runtime=runtime)

    assert found == (
        [
            "redis.maxmemory: 512mb is less than the 600mb that Redis holds, and it would refuse "
            "every thought; give more, or let it forget first (streams.unconscious_maxlen, "
            "queue.results_bytes)"
        ]
        if refused
        else []
    )


def docker(**state: Any) -> Facts:
    assert BARE.docker is not None
    return replace(BARE, docker=replace(BARE.docker, **state))


DOCKER: dict[str, tuple[Facts, str]] = {
    "missing": (
        replace(BARE, docker=None),
        "facts.docker: Docker is not installed, not running, or not open to this user; "
        "install and start it, or use runtime='native'",
    ),
    "old": (
        docker(version="19.03.8"),
        "facts.docker.version: is 19.03.8, and must be 20.10 or newer",
    ),
    "no compose": (
        docker(compose=None),
        "facts.docker.compose: is missing; install the compose plugin, version 2",
    ),
    "memory": (
        docker(memory=700 * MIB),
        "redis.maxmemory: 512mb is more than 60% of this host's 700mb (facts.docker.memory); the "
        "most is 420mb",
    ),
    "of Snap": (
        docker(root="/var/snap/docker/common/var-lib-docker"),
        "facts.docker.root: is /var/snap/docker/common/var-lib-docker; Snap's Docker can't read "
        "what we put into /etc; `snap remove docker`, and install docker.io, or Docker's own "
        "packages",
    ),
    "files": (
        docker(nofile=4096),
        "redis.maxclients: 10000 needs more open files than the 4096 there are "
        "(facts.docker.nofile); the most is 4064",
    ),
    "old redis": (
        replace(BARE, redis=RedisState("6.2.1")),
        "facts.redis.version: is 6.2.1, and Functions need Redis 7.0; upgrade it, or use 'docker'",
    ),
    "newer redis": (
        replace(BARE, redis=RedisState("8.4.0")),
        "docker.image: redis:8.2 is older than the Redis 8.4.0 that runs here, and could not read "
        "its data; name that version or a newer one",
    ),
    "a newer one ran, and is stopped": (
        docker(containers={REDIS_UNIT: ContainerState("exited", image="redis:8.4")}),
        "docker.image: redis:8.2 is older than redis:8.4, from which thoughtstream-redis was made, "
        "and could not read its data; name that version or a newer one",
    ),
    "a newer one's data": (
        replace(BARE, disk=Disk(free=50 * GIB, redis="8.4.1")),
        "docker.image: redis:8.2 is older than Redis 8.4.1, which wrote the data here, and could "
        "not read it; name that version or a newer one",
    ),
    "port": (
        replace(BARE, listeners={6379: Listener(7, "docker-proxy")}),
        "redis.port: 6379 is in use by docker-proxy (process 7); stop it, or choose another port",
    ),
}


@pytest.mark.parametrize("name", DOCKER)
def test_docker(name: str) -> None:
    facts, problem = DOCKER[name]

    assert problems(facts) == [problem]


def test_our_own_container_takes_no_port_of_others() -> None:
    running = docker(containers={REDIS_UNIT: ContainerState("running", "healthy")})

    assert problems(replace(running, listeners={6379: Listener(7, "docker-proxy")})) == []


@pytest.mark.parametrize("program", ["com.docker.backend", "OrbStack Helper", "limactl"])
def test_our_own_container_takes_no_port_of_others_on_a_mac(program: str) -> None:
    running = docker(containers={REDIS_UNIT: ContainerState("running", "healthy")})
    mac = replace(BARE_MAC, docker=running.docker, listeners={6379: Listener(7, program)})

    assert problems(mac) == []
    bare = replace(mac, docker=docker().docker)
    assert [line.split(":")[0] for line in problems(bare)] == ["redis.port"]


def test_docker_on_a_mac_is_not_roots() -> None:
    facts = replace(BARE_MAC, machine=replace(MAC, login="root"), docker=docker().docker)

    assert [line.split(":")[0] for line in problems(facts)] == ["facts.machine.login"]


def test_port_of_insight() -> None:
    facts = replace(BARE, listeners={8001: Listener(7, "node")})

    assert problems(facts, docker={"insight": True}) == [
        "docker.insight_port: 8001 is in use by node (process 7); stop it, or choose another port"
    ]


@pytest.mark.parametrize("bare", [BARE, BARE_MAC], ids=["linux", "mac"])
def test_port_of_the_page(bare: Facts) -> None:
    facts = replace(bare, listeners={8700: Listener(7, "node")})

    assert problems(facts, runtime="native") == [
        "web.port: 8700 is in use by node (process 7); stop it, or choose another port"
    ]
    assert problems(facts, runtime="native", web={"port": 8710}) == []
    assert problems(facts, runtime="native", web={"enabled": False}) == []


def test_mac() -> None:
    assert problems(BARE_MAC, runtime="native") == []
    facts = replace(BARE_MAC, machine=replace(MAC, user="ana"), software=Software())
    assert [line.split(":")[0] for line in problems(facts, runtime="native")] == [
        "facts.machine.user",
        "facts.software.brew",
    ]
    facts = replace(BARE_MAC, machine=replace(MAC, login="root"))
    assert [line.split(":")[0] for line in problems(facts, runtime="native")] == [
        "facts.machine.login"
    ]


def test_mac_with_docker_needs_no_root() -> None:
    state = DockerState("27.3.1", "2.29.7", 8 * GIB, "/var/lib/docker")
    facts = replace(BARE_MAC, machine=replace(MAC, user="ana"), docker=state)

    assert problems(facts) == []


def test_an_unknown_system() -> None:
    facts = replace(BARE, machine=replace(DEBIAN, system="FreeBSD"))

    assert problems(facts, runtime="native") == [
        "facts.machine.system: is FreeBSD, which this runtime doesn't support"
    ]


def test_embedded_is_for_this_machine() -> None:
    own = EmbeddedState(healthy=False)

    assert problems(replace(BARE, local=True, embedded=own), runtime="embedded") == []
    assert problems(replace(BARE, local=False, embedded=own), runtime="embedded") == [
        "runtime: 'embedded' is for this machine (@local); use 'docker' or 'native' for a host "
        "elsewhere"
    ]


def test_embedded_is_not_another_redis() -> None:
    other = EmbeddedState(healthy=False, own=False, url="redis://elsewhere:6379/0")

    assert problems(replace(BARE, local=True, embedded=other), runtime="embedded") == [
        "facts.embedded.url: the environment names another Redis (redis://elsewhere:6379/0); "
        "unset REDIS_URL, REDIS_HOST and REDIS_PORT"
    ]
