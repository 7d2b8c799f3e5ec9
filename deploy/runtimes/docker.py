"""Runtime `docker`: Redis and the service in containers, by one compose file, on Linux or a Mac."""

from collections.abc import Iterator

from deploy.commands import RedisCli
from deploy.content import RedisPlace, service_toml
from deploy.facts.docker import ContainerState, DockerState
from deploy.facts.gather import Facts, Watch
from deploy.facts.machine import Machine
from deploy.layout import (
    CONTAINER_UID,
    IMAGE,
    INSIGHT,
    REDIS_UNIT,
    SERVICE_UNIT,
    THP_UNIT,
    darwin_docker,
    linux_docker,
)
from deploy.render import digest, render
from deploy.runtimes import preflight, tell, tuning
from deploy.runtimes.base import File, Runtime, changed, missing_directories
from deploy.runtimes.server import Server
from deploy.settings import MEMORY_SHARE, Stack
from deploy.steps import BuildImage, ComposeUp, Gate, MakeDirectory, PullImage, Step
from deploy.wheels import Release, Target, release_for

_ETC = "/etc/thoughtstream"
_GLIBC = "2.28"
"""The oldest glibc of an image that the service's wheels are made for."""
_MIB = 1 << 20
_NOFILE = 65_535
_HOPELESS = 5
"""A new container that ended so often won't come up."""
CONTAINERS = {"redis": REDIS_UNIT, "service": SERVICE_UNIT, "insight": INSIGHT}
"""A compose service's container, by name."""


class Docker(Runtime):
    """One host with a Docker engine."""

    def __init__(self, stack: Stack, machine: Machine) -> None:
        self.stack = stack
        self.machine = machine
        self.mac = machine.system == "Darwin"
        self.layout = (
            darwin_docker(machine.login or "", machine.home or "") if self.mac else linux_docker()
        )
        self.cli = RedisCli(self.layout, stack.redis.port, container=True)
        place = RedisPlace("/data", f"{_ETC}/users.acl", bind="* -::*")
        self.server = Server(stack, self.layout, self.cli, place)
        self.toml = self._toml()
        self.wrapper = File(
            self.layout.command,
            render("command-docker.sh", service_unit=SERVICE_UNIT),
            *self._admin,
            0o755,
        )

    @property
    def command(self) -> str:
        return self.layout.command

    @property
    def _admin(self) -> tuple[str, str]:
        return self.layout.owner.admin, self.layout.owner.admin_group

    def watch(self) -> Watch:
        return Watch(
            paths=(*self.server.paths, self.toml.path, self.wrapper.path, self.layout.compose,
                   self.layout.opt, self.layout.bin, *tuning.PATHS),
            secrets=self.server.secrets,
            units=() if self.mac else (THP_UNIT,),
            images=(*self._images, self._tag),
            containers=tuple(CONTAINERS[service] for service in self._services),
            cli=self.cli,
            ports=tuple(self._ports.values()),
            disk=self.layout.data,
        )  # fmt: skip

    @property
    def _ports(self) -> dict[str, int]:
        docker = self.stack.docker
        ports = {"redis.port": self.stack.redis.port}
        return ports | ({"docker.insight_port": docker.insight_port} if docker.insight else {})

    @property
    def _images(self) -> tuple[str, ...]:
        docker = self.stack.docker
        insight = (docker.insight_image,) if docker.insight else ()
        return (docker.image, docker.python_image, *insight)

    def problems(self, facts: Facts) -> Iterator[str]:
        if not self.mac:
            yield from preflight.linux(facts)
        yield from preflight.docker(facts.docker)
        if facts.docker is None:
            return
        yield from preflight.running_redis(facts)
        memory = self._memory(facts)
        yield from preflight.memory(self.stack, memory, "facts.docker.memory")
        yield from preflight.disk(self.stack, facts.disk)
        yield from preflight.files(self.stack, self._nofile(facts), "facts.docker.nofile")
        mine = facts.docker.containers.get(REDIS_UNIT)
        programs = (
            frozenset({"docker-proxy", "com.docke", "OrbStack"}) if _runs(mine) else frozenset()
        )
        yield from preflight.ports(facts, self._ports, None, programs)

    @staticmethod
    def _memory(facts: Facts) -> int | None:
        """What containers can have: the engine's, or this host's limit if that is less."""
        amounts = [facts.docker.memory if facts.docker else None, facts.machine.memory]
        return min((amount for amount in amounts if amount), default=None)

    def plan(self, facts: Facts) -> list[Step]:
        docker = facts.docker or DockerState()
        return [
            *([] if self.mac else tuning.tuning(self.stack, facts)),
            *self.server.preparation(facts),
            *self._directories(facts),
            *(PullImage(image) for image in self._images if image not in docker.images),
            *self._image(docker),
            *self._containers(facts, docker),
            tell.where(self.layout, self.stack),
        ]

    def _directories(self, facts: Facts) -> Iterator[Step]:
        wanted = [MakeDirectory(self.layout.opt, *self._admin, 0o755)]
        if self.mac:
            wanted.append(MakeDirectory(self.layout.bin, *self._admin, 0o755))
        yield from missing_directories(wanted, facts)

    @property
    def release(self) -> Release:
        """For the image's Python, as the inventory names it."""
        docker = self.stack.docker
        return release_for(Target(docker.python, self.machine.architecture or "", _GLIBC))

    @property
    def _dockerfile(self) -> str:
        image = self.stack.docker.python_image
        return render("Dockerfile", python_image=image, uid=CONTAINER_UID)

    @property
    def _tag(self) -> str:
        return f"{IMAGE}:{digest(self.release.name, self._dockerfile)}"

    def _image(self, docker: DockerState) -> Iterator[Step]:
        if self._tag not in docker.images:
            yield BuildImage(self.release, self.layout, self._tag, self._dockerfile)

    def _containers(self, facts: Facts, docker: DockerState) -> Iterator[Step]:
        compose, revisions = self._compose(facts)
        redis = docker.containers.get(REDIS_UNIT)
        why, restart = _why(redis, revisions["redis"])
        if restart:
            why = self.server.restart_reasons(facts.redis) or why
        elif not why and facts.redis is None and redis and redis.health != "starting":
            why, restart = "it doesn't answer its admin", True
        yield from self.server.configuration(facts, restart=bool(why))
        files = changed([self.toml, self.wrapper, compose], facts)
        yield from (file.step() for file in files)
        yield from self._up("redis", redis, why, restart=restart)
        for service in self._services[1:]:
            found = docker.containers.get(CONTAINERS[service])
            why, restart = _why(found, revisions[service])
            yield from self._up(service, found, why, restart=restart)

    def _up(
        self, service: str, found: ContainerState | None, why: str, *, restart: bool
    ) -> Iterator[Step]:
        container = CONTAINERS[service]
        if why:
            yield ComposeUp(self.layout, service, why, restart=restart)
        elif found and found.health == "healthy":
            return
        yield Gate(
            f"{service} is healthy",
            self._check(service),
            self.stack.service.start_timeout_s,
            diagnose=f"docker container inspect --format '{{{{json .State}}}}' {container}; "
            f"docker logs --tail 20 {container} 2>&1",
            hopeless=f"[ \"$(docker container inspect --format '{{{{.RestartCount}}}}' "
            f'{container})" -ge {_HOPELESS} ]',
        )

    def _check(self, service: str) -> str:
        """What says at once that a container is healthy; Docker's own check only comes by times."""
        if service == "redis":
            return self.cli.is_ready()
        if service == "service":
            return f"docker exec {SERVICE_UNIT} thoughtstream status"
        health = f"docker container inspect --format '{{{{.State.Health.Status}}}}' {INSIGHT}"
        return f'[ "$({health})" = healthy ]'

    def _compose(self, facts: Facts) -> tuple[File, dict[str, str]]:
        """The compose file, and each service's revision: what it can't take on while it runs."""
        beside = {"redis": self.server.restart_only, "service": self.toml.text, "insight": ""}
        blocks, revisions = {}, {}
        for name in self._services:
            revisions[name] = digest(self._block(name, facts, revision=""), beside[name])
            blocks[name] = self._block(name, facts, revision=revisions[name])
        text = render("compose.yaml", blocks=blocks)
        return File(self.layout.compose, text, *self._admin, 0o600), revisions

    @property
    def _services(self) -> list[str]:
        return ["redis", "service", *(["insight"] if self.stack.docker.insight else [])]

    def _block(self, service: str, facts: Facts, *, revision: str) -> str:
        return render(
            f"compose/{service}.yaml",
            docker=self.stack.docker,
            redis=self.stack.redis,
            addresses=self._addresses,
            layout=self.layout,
            memory_limit=self._memory_limit(facts),
            nofile=self._nofile(facts),
            service_image=self._tag,
            container=CONTAINERS[service],
            revision=revision,
            start_timeout_s=self.stack.service.start_timeout_s,
        )

    @property
    def _addresses(self) -> list[str]:
        """Where ports are published. Docker fails on the ::1 of a host without IPv6: not there."""
        bound = self.stack.redis.bind
        return [_in_url(str(a)) for a in bound if not (a.version == 6 and a.is_loopback)]

    def _memory_limit(self, facts: Facts) -> int:
        """Bytes. Where the inventory leaves it open, it stays the same for most values of
        maxmemory, so that these can change without a new container.
        """
        if self.stack.docker.memory_limit is not None:
            return self.stack.docker.memory_limit
        least = int(self.stack.redis.maxmemory / MEMORY_SHARE)
        limit = max(least, (self._memory(facts) or 0) * 3 // 4)
        return -(-limit // _MIB) * _MIB

    @staticmethod
    def _nofile(facts: Facts) -> int:
        """Files that a container may open: an engine can't allow more than it has."""
        given = facts.docker.nofile if facts.docker else None
        return min(_NOFILE, given or _NOFILE)

    def _toml(self) -> File:
        owner = self.layout.owner
        text = service_toml(
            self.stack,
            home="/var/lib/thoughtstream",
            url=f"redis://redis:{self.stack.redis.port}/0",
            password_file=f"{_ETC}/password",
        )
        return File(self.layout.toml, text, owner.admin, owner.service_group, 0o640)


def _why(found: ContainerState | None, revision: str) -> tuple[str, bool]:
    """Why a container must be made (anew), and whether that stops one that runs."""
    if found is None:
        return "it is not there", False
    if found.revision != revision:
        return "its settings or image changed", found.status == "running"
    if found.status != "running":
        return f"it is {found.status}", False
    if found.health == "unhealthy":
        return "it is unhealthy", True
    return "", False


def _runs(found: ContainerState | None) -> bool:
    return found is not None and found.status == "running"


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
