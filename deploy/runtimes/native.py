"""Runtime `native`: Redis from the system's packages under a unit of ours, the service in a venv.

What Linux and macOS share stands here; what systemd and launchd each want, in a class of its own.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace

from deploy.commands import RedisCli
from deploy.content import RedisPlace, restart_only, title, toml_of
from deploy.facts.gather import Facts, Watch
from deploy.facts.machine import Machine
from deploy.layout import Layout
from deploy.render import digest, render
from deploy.runtimes import tell
from deploy.runtimes.base import File, Runtime, changed, missing_directories
from deploy.runtimes.server import Server
from deploy.settings import Stack
from deploy.steps import Gate, InstallRelease, MakeDirectory, Step
from deploy.wheels import Release, Target, release_for

UP = ("active", "activating", "reloading")


class Native(Runtime, ABC):
    """A host whose own supervisor runs Redis and the service."""

    redis_unit: str
    service_unit: str
    reload_restarts = False

    def __init__(
        self, stack: Stack, machine: Machine, layout: Layout, *, supervised: str, become: str
    ) -> None:
        self.stack = stack
        self.machine = machine
        self.layout = layout
        self.cli = RedisCli(layout, stack.redis.port, stack.redis.local_address)
        place = RedisPlace(layout.redis_data, layout.acl, supervised=supervised)
        self.redis_revision = digest(self.job(self.redis_unit).text, restart_only(stack, place))
        place = replace(place, revision=self.redis_revision)
        self.server = Server(stack, layout, self.cli, place)
        self.toml = self._toml()
        self.wrapper = self._wrapper(become)

    @abstractmethod
    def watch(self) -> Watch: ...

    @abstractmethod
    def problems(self, facts: Facts) -> Iterator[str]: ...

    @abstractmethod
    def plan(self, facts: Facts) -> list[Step]: ...

    @property
    def command(self) -> str:
        return self.layout.command

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
    def gate(self, unit: str, what: str, check: str) -> Gate:
        """The gate that a unit passes once it runs and `check` succeeds."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that this runtime looks after."""
        jobs = [self.job(unit).path for unit in (self.redis_unit, self.service_unit)]
        directories = [directory.path for directory in self.directories]
        own = [self.toml.path, self.wrapper.path]
        return (*self.server.paths, *jobs, *own, *directories)

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

    def common(self, facts: Facts) -> list[Step]:
        """The plan once packages and users are there."""
        return [
            *missing_directories(self.directories, facts),
            *self.server.preparation(facts),
            *self._release(facts),
            *self._redis(facts),
            *self._service(facts),
            tell.where(self.layout, self.stack),
        ]

    def _release(self, facts: Facts) -> Iterator[Step]:
        release = self.release(facts)
        if facts.software.current != release.name:
            yield InstallRelease(release, self.layout, self.python)

    def _redis(self, facts: Facts) -> Iterator[Step]:
        why, restart = self._why(facts)
        yield from self.server.configuration(facts, restart=bool(why))
        job = self.job(self.redis_unit)
        yield from self._started(job, self.redis_unit, why, facts, restart=restart)
        if why or facts.redis is None:
            yield self.gate(self.redis_unit, "Redis answers", self.cli.is_ready())

    def _why(self, facts: Facts) -> tuple[str, bool]:
        """Why Redis must (re)start, and whether that stops one that runs; "" if it needn't."""
        state = facts.units.get(self.redis_unit)
        if state is None or state.active not in UP:
            return "it is not running", False
        if facts.redis is None:
            return (
                ("it doesn't answer its admin", True) if state.active == "active" else ("", False)
            )
        if facts.redis.config.get("proc-title-template") != title(self.redis_revision):
            return self.server.restart_reasons(facts.redis) or "its unit changed", True
        return "", False

    def _service(self, facts: Facts) -> Iterator[Step]:
        yield from (file.step() for file in changed([self.toml, self.wrapper], facts))
        plain = self.job(self.service_unit).text
        revision = digest(plain, self.toml.text, self.release(facts).name)
        state = facts.units.get(self.service_unit)
        why, restart = "", False
        if state is None or state.active not in UP:
            why = "it is not running"
        elif state.revision != revision:
            why, restart = "its settings, unit or release changed", True
        job = self.job(self.service_unit, revision=revision)
        yield from self._started(job, self.service_unit, why, facts, restart=restart)
        check = f"{self.layout.command} status"
        yield self.gate(self.service_unit, "the service is healthy", check)

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
        address = self.stack.redis.local_address
        host = f"[{address}]" if ":" in address else address
        text = toml_of(self.layout, self.stack, url=f"redis://{host}:{self.stack.redis.port}/0")
        return File(self.layout.toml, text, owner.admin, owner.service_group, 0o640)

    def _wrapper(self, become: str) -> File:
        owner = self.layout.owner
        text = render(
            "command-native.sh",
            layout=self.layout,
            owner=owner,
            program=self.layout.program,
            become=become,
        )
        return File(self.layout.command, text, owner.admin, owner.admin_group, 0o755)
