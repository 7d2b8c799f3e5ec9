"""Runtime `embedded`: a mind of one's own, in a home directory of this machine. No root, no Docker.

The service brings its own Redis. systemd --user or launchd keeps it running where there is one;
else it runs as a process of its own.
"""

from collections.abc import Iterator, Mapping
from shlex import quote

from deploy.config_files import embedded_toml
from deploy.facts.gather import Facts, Watch
from deploy.facts.machine import Machine
from deploy.layout import DAEMON, SERVICE_UNIT, HomeLayout, home_layout
from deploy.render import digest, render
from deploy.runtimes import next_steps
from deploy.runtimes.base import File, Runtime, changed, missing_directories, supervised
from deploy.runtimes.instances import Instance
from deploy.settings import Stack
from deploy.steps import Gate, MakeDirectory, Run, StartDaemon, StartUnit, Step
from deploy.wheels import source_digest
from thoughtstream.acl import Role


class Embedded(Runtime):
    """This machine, this user."""

    def __init__(self, stack: Stack, machine: Machine, layout: HomeLayout | None = None) -> None:
        self.stack = stack
        self.machine = machine
        self.layout = layout or home_layout()
        # The code that runs is this checkout's: with other code it must start anew.
        notes = (f"Of the code {digest(source_digest())}.",)
        toml = embedded_toml(stack, notes=notes)
        self.toml = File(self.layout.toml, toml, mode=0o600)
        self.job = self._job(digest(toml))

    @property
    def command(self) -> str:
        return self.layout.program

    @property
    def supervisor(self) -> str:
        """Who keeps it running."""
        if self.machine.systemd_user:
            return "systemd --user"
        return "launchd" if self.machine.launchd_domain else "itself"

    def watch(self) -> Watch:
        names = {"systemd --user": (SERVICE_UNIT,), "launchd": (DAEMON,), "itself": ()}
        return Watch(
            paths=(
                *(directory.path for directory in self._directories),
                *(file.path for file in self._files),
            ),
            units=names[self.supervisor],
            own_units=True,
            launchd_domain=self.machine.launchd_domain,
            program=self.layout.program,
        )

    def problems(self, facts: Facts) -> Iterator[str]:
        if not facts.local:
            yield (
                "runtime: 'embedded' is for this machine (@local); use 'docker' or 'native' for "
                "a host elsewhere"
            )
        if facts.embedded and not facts.embedded.own:
            yield (
                "facts.embedded.url: the environment names another Redis "
                f"({facts.embedded.url}); unset REDIS_URL, REDIS_HOST and REDIS_PORT"
            )

    def cautions(self, facts: Facts) -> Iterator[str]:
        if self.supervisor == "systemd --user" and not self.machine.linger:
            yield (
                "facts.machine.linger: is off, so the mind ends when you log out, and starts when "
                "you log in; to have it stay: sudo loginctl enable-linger "
                f"{self.machine.user}"
            )

    def prepare(
        self, facts: Facts, sources: Mapping[Role, str], *, rolling: bool = False
    ) -> list[Step]:
        return []

    def finish(self, facts: Facts) -> list[Step]:
        stale = changed(self._files, facts)
        healthy = facts.embedded is not None and facts.embedded.healthy
        kept = self.supervisor == "itself" or bool(
            (unit := facts.units.get(self._name)) and unit.active in ("active", "activating")
        )
        steps: list[Step] = list(missing_directories(self._directories, facts))
        if healthy and (stale or not kept):
            # Stopped before its files change: an aborted run leaves it down, never half changed.
            steps.append(self._stop())
        steps += [file.step() for file in stale]
        if stale or not healthy or not kept:
            steps.append(self._start())
        if steps:  # with nothing to do, the facts have said already that it is healthy
            steps.append(self._gate())
        return [*steps, next_steps.at_home(self.layout, self.supervisor)]

    def instances(self) -> list[Instance]:
        return []  # a mind in somebody's home is backed up by copying the home

    def again(self) -> list[Step]:
        """Its restart: its service and its Redis are one."""
        return [self._stop(), self._start(), self._gate()]

    def _stop(self) -> Step:
        return Run("stop the mind, to restart it", f"{self._program} down")

    def _gate(self) -> Gate:
        return Gate(
            "the mind is healthy",
            "the mind did not become healthy",
            f"{self._program} status",
            self.stack.service.start_timeout_s,
            diagnose=f"tail -n 20 {quote(self.layout.home)}/*.log",
        )

    @property
    def _program(self) -> str:
        return quote(self.layout.program)

    @property
    def _files(self) -> list[File]:
        return [self.toml, *([self.job] if self.job else [])]

    @property
    def _directories(self) -> list[MakeDirectory]:
        home = MakeDirectory(self.layout.home, None, None, 0o700)
        return [home, *([self._jobs] if self.job else [])]

    @property
    def _jobs(self) -> MakeDirectory:
        """Where a user's units or agents are. Whose mode it has is theirs to say."""
        folder = self.layout.user_units if self.machine.systemd_user else self.layout.user_agents
        return MakeDirectory(folder, None, None, None)

    @property
    def _name(self) -> str:
        return DAEMON if self.supervisor == "launchd" else SERVICE_UNIT

    def _start(self) -> Step:
        if self.supervisor == "systemd --user":
            return StartUnit(SERVICE_UNIT, "in your home", reload=True, restart=True, own=True)
        if self.supervisor == "launchd" and self.job and self.machine.launchd_domain:
            return StartDaemon(self.machine.launchd_domain, DAEMON, self.job.path, "in your home")
        return Run("start the mind", f"{self._program} up --detach")

    @property
    def _session(self) -> str:
        """The one session that loads the agent, so that it never runs twice. An agent that names
        none is for a login at the screen only, and a user's own domain (over SSH) refuses it.
        """
        own = (self.machine.launchd_domain or "").startswith("user/")
        return "Background" if own else "Aqua"

    def _job(self, revision: str) -> File | None:
        """The unit or agent that keeps it running."""
        environment = {"THOUGHTSTREAM_HOME": self.layout.home, "THOUGHTSTREAM_REVISION": revision}
        if self.supervisor == "systemd --user":
            text = render(
                "systemd/user.service",
                environment=environment,
                program=self.layout.program,
                start_timeout_s=self.stack.service.start_timeout_s,
            )
            return File(f"{self.layout.user_units}/{SERVICE_UNIT}.service", text, mode=0o600)
        if self.supervisor == "launchd":
            text = render(
                "launchd/daemon.plist",
                label=DAEMON,
                arguments=supervised(self.layout.program, "up"),
                user=None,
                session=self._session,
                environment=environment,
                restart="on-failure",
                files=65_535,
                log=f"{self.layout.home}/service.log",
            )
            return File(f"{self.layout.user_agents}/{DAEMON}.plist", text, mode=0o600)
        return None
