"""Runtime `docker`: Redis and the service in containers, by one compose file, on Linux or a Mac."""

from collections.abc import Iterator, Mapping, Sequence

from deploy.cluster.topology import Node
from deploy.commands import RedisCli, ask_web
from deploy.config_files import LocalDirectives, service_toml
from deploy.facts.docker import ContainerState, DockerState
from deploy.facts.gather import Facts, Watch
from deploy.facts.machine import Machine
from deploy.layout import (
    INSIGHT,
    SERVICE_UNIT,
    THP_UNIT,
    WEB_UNIT,
    darwin_docker,
    linux_docker,
)
from deploy.render import render
from deploy.runtimes import addresses, kernel_tuning, next_steps, preflight, unattended_mac
from deploy.runtimes.base import HOPELESS, File, changed, missing_directories
from deploy.runtimes.certificates import tls_of
from deploy.runtimes.compose import SHARED, Compose, memory_of, nofile_of
from deploy.runtimes.images import Images
from deploy.runtimes.instances import ContainerInstance, Instance
from deploy.runtimes.secrets import Secrets
from deploy.runtimes.server import Server, ServerSpec, scheme_of, service_url, specs_of
from deploy.runtimes.server_runtime import ServerRuntime
from deploy.runtimes.web import HostWeb
from deploy.settings import Stack
from deploy.steps import ComposeUp, Gate, MakeDirectory, Run, Step
from deploy.versions import numbers, tagged
from thoughtstream.acl import Role

_ETC = "/etc/thoughtstream"
_VOLUME = "thoughtstream_redis-data"
"""As compose calls it."""

_BESIDE = {"service": SERVICE_UNIT, "web": WEB_UNIT, "insight": INSIGHT}


class Docker(ServerRuntime):
    """One host with a Docker engine."""

    def __init__(
        self, stack: Stack, machine: Machine, nodes: Sequence[Node] = (), host: str = ""
    ) -> None:
        self.stack = stack
        self.machine = machine
        self.mac = machine.system == "Darwin"
        self.layout = (
            darwin_docker(machine.login or "", machine.home or "") if self.mac else linux_docker()
        )
        self.images = Images(stack.docker, self.layout, machine.architecture or "")
        self.tls = tls_of(stack, self.layout, nodes, host)
        self.secrets = Secrets(stack, self.layout)
        self.composed = {
            _service_of(spec): self._server(spec) for spec in specs_of(stack, self.layout, nodes)
        }
        self.servers = list(self.composed.values())
        self.toml = self._toml()
        self.web = self._web() if stack.web.enabled else None
        wrapper = render(
            "command-docker.sh", service_unit=SERVICE_UNIT, web_unit=WEB_UNIT,
            web=self.web is not None,
        )  # fmt: skip
        self.wrapper = File(self.layout.command, wrapper, *self._admin, 0o755)

    def _server(self, spec: ServerSpec) -> Server:
        seen = self.tls.seen(SHARED if spec.node else _ETC) if self.tls else None
        beside = spec.beside(seen)
        local = LocalDirectives("/data", f"{_ETC}/users.acl", bind="* -::*", beside=beside)
        if spec.node:
            include = spec.layout.masterauth.replace(spec.layout.redis_shared, SHARED)
            local = LocalDirectives("/data", f"{_ETC}/users.acl", beside=beside, include=include)
        cli = RedisCli(spec.layout, spec.port, container=True, tls=seen.ca if seen else None)
        return Server(spec, cli, local, self.secrets)

    @property
    def compose(self) -> Compose:
        """The compose file of the host."""
        trusted = self.tls.service_ca.text if self.tls else ""
        web = self.web.read if self.web else ""
        read = {"service": self.toml.text + trusted, "web": web, "insight": ""}
        read |= {service: server.restart_only for service, server in self.composed.items()}
        return Compose(
            self.stack, self.layout, self.composed, self.containers, read, image=self.images.own,
            web_check=ask_web("python", *self.web.place) if self.web else [],
        )  # fmt: skip

    @property
    def containers(self) -> dict[str, str]:
        """The container of each compose service that the host has."""
        redis = {service: server.spec.unit for service, server in self.composed.items()}
        wanted = {"service": True, "web": self.web, "insight": self.stack.docker.insight}
        return redis | {name: _BESIDE[name] for name, is_wanted in wanted.items() if is_wanted}

    @property
    def _admin(self) -> tuple[str, str]:
        return self.layout.owner.admin, self.layout.owner.admin_group

    @property
    def data(self) -> str:
        return self.layout.data if self.nodes else _VOLUME

    def watch(self) -> Watch:
        return Watch(
            claims=self.claimed,
            paths=(*self.shared_paths, *(p for s in self.servers for p in s.paths),
                   *(d.path for d in self._data), *map(self.state_file, self.nodes),
                   self.toml.path, *(self.web.paths if self.web else []), self.wrapper.path,
                   self.layout.compose,
                   self.layout.opt, self.layout.bin, *kernel_tuning.PATHS),
            secrets=self.secrets.files,
            units=() if self.mac else (THP_UNIT,),
            images=(*self.images.pulled, self.images.own),
            pulled=self.images.pulled,
            containers=tuple(dict.fromkeys((*self.containers.values(), WEB_UNIT))),
            cli=None if self.nodes else self.cli,
            nodes=self.nodes,
            masterauth=self.layout.masterauth if self.nodes else None,
            ports=tuple(self._ports.values()),
            disk=self.layout.data,
            volume=None if self.nodes else _VOLUME,
        )  # fmt: skip

    @property
    def _ports(self) -> dict[str, int]:
        docker = self.stack.docker
        ports = {k: p for server in self.servers for k, p in server.spec.ports.items()}
        ports |= {"web.port": self.stack.web.port} if self.web else {}
        return ports | ({"docker.insight_port": docker.insight_port} if docker.insight else {})

    def shortcomings(self, facts: Facts) -> Iterator[str]:
        if self.mac and self.stack.cluster:
            yield "cluster: its containers need the host's network, which a Mac can't give them"
        if self.mac and self.machine.login == "root":
            yield (
                "facts.machine.login: is root, who has no Docker on a Mac; connect as the user who "
                "runs Docker Desktop, OrbStack or colima"
            )
        if not self.mac:
            yield from preflight.linux(facts)
        yield from preflight.docker(facts.docker)
        if facts.docker is None:
            return
        servers = [facts.of(server.spec.unit).redis for server in self.servers]
        for running in {server.version for server in servers if server}:
            yield from preflight.redis_version("facts.redis.version", running)
            yield from preflight.image(self.stack.docker.image, running)
        for unit in (s.spec.unit for s in self.servers if facts.of(s.spec.unit).redis is None):
            yield from preflight.image_of_data(self.stack.docker.image, facts, unit)
        for server in self.servers:
            yield from preflight.held(self.stack, facts.of(server.spec.unit), server.cli.at)
        memory = memory_of(facts)
        yield from preflight.memory(self.stack, memory, "facts.docker.memory")
        yield from preflight.disk(self.stack, facts.disk)
        yield from preflight.files(self.stack, nofile_of(facts), "facts.docker.nofile")
        runs = any(_runs(facts.docker.containers.get(unit)) for unit in self.containers.values())
        engine = {it.program for it in facts.listeners.values() if it.program and it.of_an_engine}
        own = frozenset(engine | ({"redis-server", "thoughtstream"} if self.nodes else set()))
        yield from preflight.ports(facts, self._ports, None, own if runs else frozenset())
        yield from self.tls.problems() if self.tls else ()

    def cautions(self, facts: Facts) -> Iterator[str]:
        yield from super().cautions(facts)
        if self.mac:
            yield from unattended_mac.cautions(facts.machine, serves_before_login=False)
            return
        if not self.nodes:  # which have the host's own network
            yield from addresses.past_the_firewall(self.stack, facts.machine)
        if facts.docker and facts.docker.selinux:
            yield (
                "facts.docker.selinux: is on, so what containers read in "
                f"{self.layout.etc} and {self.layout.data} is labelled as theirs (`:z`)"
            )

    def prepare(
        self, facts: Facts, sources: Mapping[Role, str], *, rolling: bool = False
    ) -> list[Step]:
        docker = facts.docker or DockerState()
        specs = [server.spec for server in self.servers]
        late = addresses.late(addresses.listening(self.stack, specs))
        return [
            *([] if self.mac else kernel_tuning.steps(self.stack, facts, late=late)),
            *self.shared(facts, sources),
            *self._directories(facts),
            *self.images.steps(docker),
            *self._redis(facts, docker, rolling=rolling),
            *self.claiming(facts),
        ]

    def finish(self, facts: Facts) -> list[Step]:
        docker = facts.docker or DockerState()
        return [
            *self._beside(facts, docker),
            next_steps.on_server(self.layout, self.stack, self.cli),
        ]

    @property
    def _data(self) -> list[MakeDirectory]:
        """Where a cluster's nodes keep their data; their image's user owns it."""
        layouts = [server.layout for server in self.servers if server.spec.node]
        return [MakeDirectory(layout.redis_data, None, None, None) for layout in layouts]

    def _directories(self, facts: Facts) -> Iterator[Step]:
        wanted = [MakeDirectory(self.layout.opt, *self._admin, 0o755), *self._data]
        if self.mac:
            wanted.append(MakeDirectory(self.layout.bin, *self._admin, 0o755))
        yield from missing_directories(wanted, facts)

    def _redis(self, facts: Facts, docker: DockerState, *, rolling: bool) -> Iterator[Step]:
        compose, _ = self.compose.file(facts)
        for server in self.servers:
            why, _ = self.why(server, facts)
            own, starts = facts.of(server.spec.unit), tagged(self.stack.docker.image)
            yield from server.configuration(own, restart=bool(why), starts=starts)
        files = changed([self.toml, self.wrapper, compose], facts)
        yield from (file.step() for file in files)
        yield from self.web.preparation(facts) if self.web else ()
        for service, server in self.composed.items():
            why, restart = self.why(server, facts)
            if restart and rolling:
                continue
            running = facts.of(server.spec.unit).redis
            if restart and running:
                yield from self.before_restart(server, running)
            found = docker.containers.get(server.spec.unit)
            yield from self._up(service, found, why, restart=restart)

    def retire(self) -> list[Step]:
        return [Run("stop the service for good", _end(*self._clients))]

    @property
    def _clients(self) -> tuple[str, ...]:
        """The containers of what serves minds."""
        return (SERVICE_UNIT, *([WEB_UNIT] if self.web else []))

    def restart(self, node: Node | None, why: str) -> list[Step]:
        service = "redis" if node is None else f"redis-{node.port}"
        before = self.before_restart(self.composed[service])
        return [*before, *self._up(service, None, why, restart=True)]

    def instances(self) -> list[Instance]:
        return [self._instance(server) for server in self.servers]

    def _instance(self, server: Server) -> ContainerInstance:
        unit = server.spec.unit
        network = "host" if server.spec.node else f"container:{unit}"
        return ContainerInstance(
            unit, server.cli, "/data", "redis:redis", self._clients, server.name, server.address,
            network,
        )  # fmt: skip

    def fetch(self, facts: Facts) -> list[Step]:
        servers = [facts.of(server.spec.unit).redis for server in self.servers]
        versions = [view.version for view in (*facts.nodes.values(), *servers) if view]
        running = max(versions, key=numbers, default="0")
        return [*self.images.redis(facts.docker or DockerState(), running)]

    def healthy(self) -> Gate:
        return self._gate("service")

    def why(self, server: Server, facts: Facts) -> tuple[str, bool]:
        running = facts.of(server.spec.unit).redis
        containers = facts.docker.containers if facts.docker else {}
        found = containers.get(server.spec.unit)
        _, revisions = self.compose.file(facts)
        why, restart = _why(found, revisions[_service_of(server.spec)])
        if restart:
            why = server.restart_reasons(running) or why
        elif not why and running is None and found and found.health != "starting":
            why, restart = "it doesn't answer its admin", True
        return why, restart

    def _beside(self, facts: Facts, docker: DockerState) -> Iterator[Step]:
        """The service, the web process, and RedisInsight."""
        if self.web is None and WEB_UNIT in docker.containers:
            yield Run("stop the web process for good", _end(WEB_UNIT))
        _, revisions = self.compose.file(facts)
        for service, container in self.containers.items():
            if service not in self.composed:
                found = docker.containers.get(container)
                why, restart = _why(found, revisions[service])
                if not why and found and self._is_behind(service, found, docker):
                    why, restart = "its image is a newer one", True
                yield from self._up(service, found, why, restart=restart)

    def _is_behind(self, service: str, found: ContainerState, docker: DockerState) -> bool:
        """Whether the service, or what is beside it, runs from an image that has been replaced."""
        return found.outdated or (service != "insight" and not self.images.is_on_base(docker))

    def outdated(self, facts: Facts, running: str, unit: str) -> str:
        docker = facts.docker or DockerState()
        found, image = docker.containers.get(unit), docker.pinned(self.stack.docker.image)
        return f"{image} is a newer image" if found and found.outdated else ""

    def _up(
        self, service: str, found: ContainerState | None, why: str, *, restart: bool
    ) -> Iterator[Step]:
        if why:
            yield ComposeUp(self.layout, service, why, restart=restart)
        elif found and found.health == "healthy":
            return
        yield self._gate(service)

    def _gate(self, service: str) -> Gate:
        container = self.containers[service]
        return Gate(
            f"{service} is healthy",
            f"{service} did not become healthy",
            self._check(service),
            self.stack.service.start_timeout_s,
            diagnose=f"docker container inspect --format '{{{{json .State}}}}' {container}; "
            f"docker logs --tail 20 {container} 2>&1",
            hopeless=f"[ \"$(docker container inspect --format '{{{{.RestartCount}}}}' "
            f'{container})" -ge {HOPELESS} ]',
        )

    def _check(self, service: str) -> str:
        """What says at once that a container is healthy; Docker's own check only comes by times."""
        if service in self.composed:
            return self.composed[service].cli.is_ready()
        if service == "service":
            return f"docker exec {SERVICE_UNIT} thoughtstream status"
        if service == "web" and self.web:
            return f"docker exec {WEB_UNIT} {self.web.answers('python')}"
        health = f"docker container inspect --format '{{{{.State.Health.Status}}}}' {INSIGHT}"
        return f'[ "$({health})" = healthy ]'

    @property
    def _url(self) -> str:
        """One server stands beside the service; nodes are on the host's own network."""
        if not self.nodes:
            return f"{scheme_of(self.stack)}://redis:{self.stack.redis.port}/0"
        return service_url(server.spec for server in self.servers)

    def _web(self) -> HostWeb:
        home, alone = "/var/lib/thoughtstream", not self.nodes
        return HostWeb(self.stack, self.layout, self._url, _ETC, home, self.tls, published=alone)

    def _toml(self) -> File:
        owner = self.layout.owner
        text = service_toml(
            self.stack,
            home="/var/lib/thoughtstream",
            url=self._url,
            password_file=f"{_ETC}/password",
            ca_file=f"{_ETC}/ca.crt" if self.tls else None,
            server_name=self.tls.server_name if self.tls else None,
        )
        return File(self.layout.toml, text, owner.admin, owner.service_group, 0o640)


def _end(*containers: str) -> str:
    """The command that stops and removes containers."""
    names = " ".join(containers)
    return f"docker stop {names} && docker rm --force {names} >/dev/null || true"


def _service_of(spec: ServerSpec) -> str:
    """A Redis's name in the compose file."""
    return "redis" if spec.node is None else f"redis-{spec.port}"


def _why(found: ContainerState | None, revision: str) -> tuple[str, bool]:
    """Why a container must be made (anew), and whether that stops one that runs."""
    if found is None:
        return "it does not exist", False
    if found.revision != revision:
        return "its settings or image changed", found.status == "running"
    if found.status != "running":
        return f"it is {found.status}", False
    if found.health == "unhealthy":
        return "it is unhealthy", True
    return "", False


def _runs(found: ContainerState | None) -> bool:
    return found is not None and found.status == "running"
