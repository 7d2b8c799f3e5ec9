"""Hosts as facts, to plan for: bare ones, and ones that a plan was carried out on."""

import re
from dataclasses import astuple, replace
from hashlib import sha256

from deploy.config_files import title, users_acl
from deploy.facts.docker import ContainerState, DockerState
from deploy.facts.files import Disk, PathState
from deploy.facts.gather import Facts
from deploy.facts.machine import Machine
from deploy.facts.redis import RedisState
from deploy.facts.software import Software
from deploy.facts.units import UnitState
from deploy.layout import CLUSTER_ROLES, PROMETHEUS_UNIT, THP_UNIT
from deploy.runtimes.base import Runtime
from deploy.runtimes.darwin import DarwinNative
from deploy.runtimes.docker import Docker
from deploy.runtimes.native import Native
from deploy.runtimes.server import Server
from deploy.runtimes.unattended_mac import POWER
from deploy.steps import (
    InstallRelease,
    MakeDirectory,
    MakeSecret,
    PutAcl,
    PutFile,
    PutMasterauth,
    Step,
)
from thoughtstream.acl import Role

GIB = 1 << 30
DIGESTS: dict[Role, str] = {role: sha256(role.encode()).hexdigest() for role in CLUSTER_ROLES}

DEBIAN = Machine(
    system="Linux",
    distribution="debian",
    release="13",
    architecture="x86_64",
    glibc="2.41",
    user="root",
    login="admin",
    home="/home/admin",
    memory=8 * GIB,
    python="3.13.5",
    systemd=True,
    tunable=True,
    overcommit=0,
    somaxconn=4096,
    thp_tunable=True,
    thp="always [madvise] never",
)
MAC = Machine(
    system="Darwin",
    release="15.1",
    architecture="arm64",
    user="root",
    login="ana",
    home="/Users/ana",
    memory=16 * GIB,
    brew="/opt/homebrew",
    brew_owner="ana",
    power={"autorestart": "0", "sleep": "1", "disksleep": "10", "powernap": "1"},
)
BARE = Facts(
    DEBIAN,
    software=Software(candidate="5:8.0.2-3", apt=True),
    disk=Disk(free=50 * GIB),
    docker=DockerState("26.1.5", "2.26.1", 8 * GIB, "/var/lib/docker", 1_048_576),
)
BARE_MAC = Facts(MAC, software=Software(brew="/opt/homebrew/bin/brew"), disk=Disk(free=50 * GIB))


def deployed(runtime: Runtime, bare: Facts) -> Facts:
    """The host after its plan was carried out."""
    assert isinstance(runtime, Native | Docker)
    facts = replace(bare, secrets={role: DIGESTS[role] for role in runtime.secrets.roles})
    plan = runtime.plan(facts)
    paths = dict(facts.paths)
    for step in plan:
        if found := _path(step):
            path, state = found
            paths[path] = state
    late = frozenset({"ipv4", "ipv6"})
    machine = replace(
        bare.machine, overcommit=1, nonlocal_bind=late, thp="always madvise [never]", power=POWER
    )
    after = replace(facts, machine=machine, paths=paths)
    if isinstance(runtime, Docker):
        return _containers(runtime, after, plan)
    if isinstance(runtime, DarwinNative):
        program = PathState("-", ("ana", "501"), ("admin", "80"), 0o755)
        brewed = (runtime.python, f"{runtime.brew}/bin/redis-server")
        after = replace(after, paths=after.paths | dict.fromkeys(brewed, program))
    return _units(runtime, after, plan)


def _path(step: Step) -> tuple[str, PathState] | None:
    """The path that a step makes, and how it is then."""
    digest: str | None = "-"
    match step:
        case PutMasterauth():
            return _path(MakeSecret("replica", *astuple(step.file)))
        case MakeDirectory():
            digest = None
        case PutFile():
            digest = sha256(step.text.encode()).hexdigest()
        case PutAcl():
            digests = {role: DIGESTS[role] for role, _ in step.secrets}
            digest = sha256(users_acl(digests).encode()).hexdigest()
        case MakeSecret():
            pass
        case _:
            return None
    return step.path, PathState(digest, _who(step.user), _who(step.group), step.mode or 0o755)


def _who(name: str | None) -> tuple[str, str]:
    return (name or "somebody", name or "somebody")


def _redis(server: Server) -> RedisState:
    lines = [*server.local.directives(), *server.directives]
    config = {line.name: line.value for line in lines}
    config["proc-title-template"] = title(server.local.revision)
    digests = {role: DIGESTS[role] for role in server.secrets.roles}
    users = tuple(users_acl(digests).splitlines())
    return RedisState("8.0.2", config, users, digests.get("replica"))


def _units(runtime: Native, facts: Facts, plan: list[Step]) -> Facts:
    texts = {step.path: step.text for step in plan if isinstance(step, PutFile)}
    layout = runtime.layout
    own = (*runtime.own_units, *([PROMETHEUS_UNIT] if runtime.stack.prometheus else []))
    revisions = {unit: _revision(texts[runtime.job(unit).path]) for unit in own}
    (release,) = (step.release.name for step in plan if isinstance(step, InstallRelease))
    up = UnitState("loaded", "active", "enabled", 100)
    units = {
        **dict.fromkeys(runtime.specs, up),
        **{unit: replace(up, revision=revision) for unit, revision in revisions.items()},
        THP_UNIT: up,
    }
    software = replace(
        facts.software,
        redis="8.0.2",
        users=frozenset({layout.owner.service, layout.owner.web}),
        current=release,
    )
    return replace(_running(runtime, facts), units=units, software=software)


def _revision(job: str) -> str:
    found = re.search(r"THOUGHTSTREAM_REVISION(?:=|</key><string>)(\w+)", job)
    assert found
    return found[1]


def _containers(runtime: Docker, facts: Facts, plan: list[Step]) -> Facts:
    texts = {step.path: step.text for step in plan if isinstance(step, PutFile)}
    parts = texts[runtime.layout.compose].split("container_name: ")[1:]
    containers = {}
    for part in parts:
        found = re.search(r'thoughtstream.revision: "(\w+)"', part)
        name = part.split()[0]
        containers[name] = ContainerState("running", "healthy", found and found[1])
    assert list(containers) == list(runtime.containers.values())
    assert facts.docker is not None
    docker = replace(facts.docker, images=runtime.watch().images, containers=containers)
    units = {THP_UNIT: UnitState("loaded", "active", "enabled")}
    return replace(_running(runtime, facts), docker=docker, units=units)


def _running(runtime: Native | Docker, facts: Facts) -> Facts:
    """The servers answer, with what they were told."""
    if not runtime.nodes:
        (server,) = runtime.servers
        return replace(facts, redis=_redis(server))
    running = {server.spec.unit: _redis(server) for server in runtime.servers}
    return replace(facts, servers=running, masterauth=DIGESTS["replica"])
