"""Runtime `native`: Redis from the system's packages under a unit of ours, the service in a venv.

What Linux and macOS share stands here; what systemd and launchd each want, in a class of its own.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from deploy.cluster.topology import Node
from deploy.commands import RedisCli
from deploy.config_files import LocalDirectives, service_toml, title
from deploy.facts.gather import Facts, Watch
from deploy.facts.machine import Machine
from deploy.layout import Layout
from deploy.render import digest, render
from deploy.runtimes import next_steps
from deploy.runtimes.base import File, changed, missing_directories
from deploy.runtimes.certificates import HostTls
from deploy.runtimes.instances import Instance
from deploy.runtimes.live_or_restart import restart_only
from deploy.runtimes.secrets import Secrets
from deploy.runtimes.server import Server, ServerSpec, service_url, specs_of
from deploy.runtimes.server_runtime import ServerRuntime
from deploy.runtimes.web import HostWeb
from deploy.settings import Stack
from deploy.steps import Gate, InstallRelease, MakeDirectory, RewriteLog, Run, Step
from deploy.versions import major_minor
from deploy.wheels import Release, Target, release_for
from thoughtstream.acl import Role

UP = ("active", "activating", "reloading")


class Native(ServerRuntime, ABC):
    """A host whose own supervisor runs Redis and the service."""

    service_unit: str
    web_unit: str
    instance: type[Instance] = Instance
    reload_restarts = False

    def __init__(
        self, stack: Stack, machine: Machine, layout: Layout, nodes: Sequence[Node],
        *, supervised: str, become: str,
    ) -> None:  # fmt: skip
        self.stack = stack
        self.machine = machine
        self.layout = layout
        self.supervised = supervised
        self.tls = HostTls(stack.tls, layout, nodes[0].host) if stack.tls and nodes else None
        self.secrets = Secrets(stack, layout)
        self.specs = {self.unit_of(spec): spec for spec in specs_of(stack, layout, nodes)}
        self.servers = [self._server(unit, spec) for unit, spec in self.specs.items()]
        self.toml = self._toml()
        self.web = self._web() if stack.web.enabled else None
        self.wrapper = self._wrapper(become)

    @abstractmethod
    def watch(self) -> Watch: ...

    @abstractmethod
    def machine_steps(self, facts: Facts) -> list[Step]:
        """What comes before all else: kernel settings, packages, users."""

    def log_file(self, unit: str) -> str:
        """Where a unit's words go, if its supervisor doesn't keep them."""
        return ""

    def _server(self, unit: str, spec: ServerSpec) -> Server:
        beside = spec.beside(self.tls.seen(self.layout.redis_shared) if self.tls else None)
        local = LocalDirectives(
            spec.layout.redis_data, spec.layout.acl, supervised=self.supervised, beside=beside,
            include=self.layout.masterauth if spec.node else None, logfile=self.log_file(unit),
        )  # fmt: skip
        revision = digest(self.job(unit).text, restart_only(spec.stack, local))
        cli = RedisCli(
            spec.layout, spec.port, spec.stack.redis.local_address,
            tls=self.tls.ca.path if self.tls else None,
        )  # fmt: skip
        return Server(spec, cli, replace(local, revision=revision), self.secrets)

    @abstractmethod
    def unit_of(self, spec: ServerSpec) -> str:
        """The unit of a Redis."""

    @property
    @abstractmethod
    def python(self) -> str:
        """The Python whose venv the service runs in."""

    @abstractmethod
    def target(self, facts: Facts) -> Target:
        """What the service's wheels must fit."""

    @abstractmethod
    def job(self, unit: str, *, revision: str = "") -> File:
        """The unit's file; the service's says by a revision what it was started with."""

    @abstractmethod
    def start(self, unit: str, why: str, *, restart: bool, reload: bool) -> Step:
        """The step that starts a unit, and at every boot."""

    @abstractmethod
    def end(self, *units: str) -> str:
        """The command that stops units, and keeps them from the next boot."""

    @abstractmethod
    def gate(self, unit: str, what: str, failure: str, check: str) -> Gate:
        """The gate that a unit passes once it runs and `check` succeeds."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that this runtime looks after."""
        servers = [path for server in self.servers for path in server.paths]
        jobs = [self.job(unit).path for unit in (*self.specs, *self.own_units)]
        directories = [directory.path for directory in self.directories]
        own = [self.toml.path, self.wrapper.path, *(self.web.paths if self.web else [])]
        remembered = [self.state_file(node) for node in self.nodes]
        return (*self.shared_paths, *servers, *jobs, *own, *directories, *remembered)

    @property
    def own_units(self) -> tuple[str, ...]:
        """The units of what serves minds."""
        return (self.service_unit, *([self.web_unit] if self.web else []))

    @property
    def ports(self) -> dict[str, int]:
        """Where servers listen, by what sets it."""
        return {name: port for spec in self.specs.values() for name, port in spec.ports.items()}

    @property
    def directories(self) -> list[MakeDirectory]:
        """Directories beside Redis's and the service's configuration."""
        owner = self.layout.owner
        admin = (owner.admin, owner.admin_group)
        return [
            MakeDirectory(self.layout.opt, *admin, 0o755),
            MakeDirectory(self.layout.releases, *admin, 0o755),
        ]

    def release(self, facts: Facts) -> Release:
        """The service for this kind of host."""
        return release_for(self.target(facts))

    def prepare(
        self, facts: Facts, sources: Mapping[Role, str], *, rolling: bool = False
    ) -> list[Step]:
        return [
            *self.machine_steps(facts),
            *missing_directories(self.directories, facts),
            *self.shared(facts, sources),
            *self._release(facts),
            *(
                step
                for server in self.servers
                for step in self._redis(server, facts, rolling=rolling)
            ),
            *self.claiming(facts),
        ]

    def finish(self, facts: Facts) -> list[Step]:
        web = self._web_process(self.web, facts) if self.web else self._no_web(facts)
        told = next_steps.on_server(self.layout, self.stack, self.cli)
        return [*self._service(facts), *web, *self._watching(facts), told]

    def _watching(self, facts: Facts) -> Iterator[Step]:
        """What looks after all that."""
        yield from ()

    def _release(self, facts: Facts) -> Iterator[Step]:
        release = self.release(facts)
        if facts.software.current != release.name:
            yield InstallRelease(release, self.layout, self.python)

    def _redis(self, server: Server, facts: Facts, *, rolling: bool) -> Iterator[Step]:
        unit, own = self.unit_of(server.spec), facts.of(server.spec.unit)
        why, restart = self.why(server, facts)
        later = restart and rolling
        starts = major_minor(facts.software.redis or facts.software.candidate)
        yield from server.configuration(own, restart=bool(why), starts=starts)
        job, reason = self.job(unit), "" if later else why
        if reason and restart and own.redis:  # of one that refuses its admin, nobody can ask that
            yield RewriteLog(server.cli)
        yield from self._started(job, unit, reason, facts, restart=restart)
        if not later and (reason or own.redis is None):
            yield self._answers(server)

    def restart(self, node: Node | None, why: str) -> list[Step]:
        server = next(one for one in self.servers if one.spec.node == node)
        start = self.start(self.unit_of(server.spec), why, restart=True, reload=False)
        return [RewriteLog(server.cli), start, self._answers(server, again=True)]

    def instances(self) -> list[Instance]:
        owner = f"{self.layout.owner.redis}:{self.layout.owner.redis_group}"
        return [
            self.instance(
                self.unit_of(server.spec), server.cli, server.layout.redis_data, owner,
                self.own_units, server.name, server.address,
            )
            for server in self.servers
        ]  # fmt: skip

    def healthy(self) -> Gate:
        check = f"{self.layout.command} status"
        failure = "the service did not become healthy"
        return self.gate(self.service_unit, "the service is healthy", failure, check)

    def _answers(self, server: Server, *, again: bool = False) -> Gate:
        what = f"Redis answers{' again' if again else ''}{server.cli.at}"
        failure = f"Redis did not answer{server.cli.at}"
        return self.gate(self.unit_of(server.spec), what, failure, server.cli.is_ready())

    def why(self, server: Server, facts: Facts) -> tuple[str, bool]:
        state = facts.units.get(self.unit_of(server.spec))
        running = facts.of(server.spec.unit).redis
        if state is None or state.active not in UP:
            return "it is not running", False
        if running is None:
            return (
                ("it doesn't answer its admin", True) if state.active == "active" else ("", False)
            )
        if running.config.get("proc-title-template") != title(server.local.revision):
            return server.restart_reasons(running) or "its unit changed", True
        return "", False

    def _service(self, facts: Facts) -> Iterator[Step]:
        yield from (file.step() for file in changed([self.toml, self.wrapper], facts))
        trusted = self.tls.service_ca.text if self.tls else ""
        read = digest(self.toml.text, self.release(facts).name, trusted)
        yield from self._process(self.service_unit, read, facts)
        yield self.healthy()

    def _web_process(self, web: HostWeb, facts: Facts) -> Iterator[Step]:
        yield from web.preparation(facts)
        read = digest(web.read, self.release(facts).name)
        yield from self._process(self.web_unit, read, facts)
        check = web.answers(f"{self.layout.current}/bin/python")
        failure = "the web process did not answer"
        yield self.gate(self.web_unit, "the web process answers", failure, check)

    def _no_web(self, facts: Facts) -> Iterator[Step]:
        yield from self._ended(self.web_unit, "the web process", facts)

    def _ended(self, unit: str, what: str, facts: Facts) -> Iterator[Step]:
        """A process that isn't wanted any more."""
        state = facts.units.get(unit)
        if state and (state.active in UP or state.enabled == "enabled"):
            yield Run(f"stop {what} for good", self.end(unit))

    def _process(self, unit: str, read: str, facts: Facts) -> Iterator[Step]:
        """A process: started, and anew if it would now `read` something else."""
        revision = digest(self.job(unit).text, read)
        state = facts.units.get(unit)
        why, restart = "", False
        if state is None or state.active not in UP:
            why = "it is not running"
        elif state.revision != revision:
            why, restart = "its settings, unit or release changed", True
        job = self.job(unit, revision=revision)
        yield from self._started(job, unit, why, facts, restart=restart)

    def _started(
        self, job: File, unit: str, why: str, facts: Facts, *, restart: bool
    ) -> Iterator[Step]:
        """A unit's file, and its start if there is a reason."""
        reload = job.differs(facts)
        if reload:
            yield job.step()
        state = facts.units.get(unit)
        if why or reload or (state and state.enabled == "disabled"):
            reason = why or ("its unit changed" if reload else "it is not enabled")
            stops = restart or (self.reload_restarts and not why)
            yield self.start(unit, reason, restart=stops, reload=reload)

    def _toml(self) -> File:
        owner = self.layout.owner
        text = service_toml(
            self.stack,
            home=self.layout.service_data,
            url=service_url(self.specs.values()),
            password_file=self.layout.secret("service"),
            ca_file=self.tls.service_ca.path if self.tls else None,
        )
        return File(self.layout.toml, text, owner.admin, owner.service_group, 0o640)

    def _web(self) -> HostWeb:
        layout = self.layout
        ca = self.tls.ca.text if self.tls else ""
        url = service_url(self.specs.values())
        return HostWeb(self.stack, layout, url, layout.web_etc, layout.web_data, ca)

    def _wrapper(self, become: str) -> File:
        owner = self.layout.owner
        text = render(
            "command-native.sh",
            layout=self.layout,
            owner=owner,
            program=self.layout.program,
            become=become,
            web=self.web is not None,
        )
        return File(self.layout.command, text, owner.admin, owner.admin_group, 0o755)
