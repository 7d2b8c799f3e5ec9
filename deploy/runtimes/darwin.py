"""Runtime `native` on a Mac: Homebrew's Redis under LaunchDaemons, which run before any login."""

from collections.abc import Iterator

from deploy.facts.gather import Facts, Watch
from deploy.facts.machine import Machine
from deploy.layout import DAEMON, LAUNCH_DAEMONS, NEWSYSLOG, REDIS_DAEMON, WEB_DAEMON, darwin_native
from deploy.render import render
from deploy.runtimes import preflight
from deploy.runtimes.base import File, changed, supervised
from deploy.runtimes.instances import LaunchdInstance
from deploy.runtimes.native import Native
from deploy.runtimes.server import ServerSpec
from deploy.runtimes.unattended_mac import cautions, other_power, pmset
from deploy.settings import Stack
from deploy.steps import BrewInstall, BrewUpgrade, Gate, MakeDirectory, Run, StartDaemon, Step
from deploy.wheels import Target

PYTHON = "3.13"


class DarwinNative(Native):
    """One Mac with Homebrew."""

    service_unit = DAEMON
    web_unit = WEB_DAEMON
    instance = LaunchdInstance
    clusters = False
    reload_restarts = True

    def __init__(self, stack: Stack, machine: Machine, host: str = "") -> None:
        user = machine.login or ""
        layout = darwin_native(user)
        become = 'sudo -u "$user" -E'
        super().__init__(stack, machine, layout, (), host, supervised="no", become=become)

    def unit_of(self, spec: ServerSpec) -> str:
        return REDIS_DAEMON

    @property
    def brew(self) -> str:
        """Where Homebrew lives."""
        usual = "/opt/homebrew" if self.machine.architecture == "arm64" else "/usr/local"
        return self.machine.brew or usual

    @property
    def python(self) -> str:
        return f"{self.brew}/opt/python@{PYTHON}/bin/python{PYTHON}"

    def target(self, facts: Facts) -> Target:
        machine = self.machine
        return Target(PYTHON, machine.architecture or "", None, macos=machine.release)

    def watch(self) -> Watch:
        return Watch(
            paths=(*self.paths, self.python, f"{self.brew}/bin/redis-server"),
            claims=self.claimed,
            secrets=self.secrets.files,
            software=self.layout,
            units=(REDIS_DAEMON, DAEMON, WEB_DAEMON),
            launchd_domain="system",
            cli=self.cli,
            ports=(self.stack.redis.port, self.stack.web.port),
            disk=self.layout.data,
        )

    def shortcomings(self, facts: Facts) -> Iterator[str]:
        machine = facts.machine
        if self.stack.cluster:
            yield "cluster: its nodes run on Linux; a Mac can only have a single server"
        if self.stack.prometheus:
            yield "prometheus: is deployed to Linux only; leave it out, and install it yourself"
        if machine.user != "root":
            yield (
                f"facts.machine.user: is {machine.user}, who may not install LaunchDaemons; set "
                "_sudo=True in the inventory, and let the user sudo"
            )
        if machine.login == "root":
            yield (
                "facts.machine.login: is root, and Homebrew refuses root; connect as the user who "
                "owns it"
            )
        if facts.software.brew is None:
            yield "facts.software.brew: is missing; install Homebrew (https://brew.sh)"
        if machine.brew_owner == "root":
            yield (
                f"facts.machine.brew_owner: is root, and Homebrew refuses root; on the Mac: "
                f"sudo chown -R {machine.login} $(brew --prefix)/*"
            )
        yield from preflight.redis_version("facts.software.redis", facts.software.redis)
        yield from preflight.running_redis(facts)
        yield from preflight.held(self.stack, facts)
        yield from preflight.memory(self.stack, machine.memory, "facts.machine.memory")
        yield from preflight.disk(self.stack, facts.disk)
        mine = facts.units.get(REDIS_DAEMON)
        yield from preflight.ports(facts, {"redis.port": self.stack.redis.port}, mine)
        yield from preflight.web(self.stack, facts, facts.units.get(WEB_DAEMON))
        yield from self.tls.problems() if self.tls else ()

    def cautions(self, facts: Facts) -> Iterator[str]:
        yield from super().cautions(facts)
        yield from cautions(facts.machine, serves_before_login=True)

    def machine_steps(self, facts: Facts) -> list[Step]:
        steps: list[Step] = []
        if power := other_power(facts.machine):
            steps.append(Run("never sleep, and start again after a power failure", pmset(power)))
        needed = {f"{self.brew}/bin/redis-server": "redis", self.python: f"python@{PYTHON}"}
        if missing := tuple(name for path, name in needed.items() if path not in facts.paths):
            steps.append(BrewInstall(missing, _another_owner(facts)))
        return steps

    @property
    def directories(self) -> list[MakeDirectory]:
        layout, owner = self.layout, self.layout.owner
        own = (owner.redis, owner.redis_group, 0o700)
        return [
            *super().directories,
            MakeDirectory(layout.bin, owner.admin, owner.admin_group, 0o755),
            MakeDirectory(layout.data, owner.admin, owner.admin_group, 0o755),
            MakeDirectory(layout.redis_data, *own),
            MakeDirectory(layout.service_data, *own),
            *([MakeDirectory(layout.web_data, *own)] if self.web else []),
            MakeDirectory(self.log, *own),
        ]

    @property
    def log(self) -> str:
        """Where the daemons' words go."""
        return f"{self.layout.opt}/log"

    def log_file(self, unit: str) -> str:
        return f"{self.log}/{unit}.log"

    @property
    def rotation(self) -> File:
        """What keeps the logs small."""
        logs = [self.log_file(unit) for unit in (*self.specs, *self.own_units)]
        text = render("newsyslog.conf", logs=logs, owner=self.layout.owner)
        return File(NEWSYSLOG, text, "root", "wheel", 0o644)

    @property
    def paths(self) -> tuple[str, ...]:
        return (*super().paths, self.rotation.path)

    def _watching(self, facts: Facts) -> Iterator[Step]:
        yield from (file.step() for file in changed([self.rotation], facts))

    def job(self, unit: str, *, revision: str = "") -> File:
        redis, web = unit == REDIS_DAEMON, unit == WEB_DAEMON
        toml = self.layout.web_toml if web else self.layout.toml
        own = {"THOUGHTSTREAM_REVISION": revision, "THOUGHTSTREAM_CONFIG": toml}
        text = render(
            "launchd/daemon.plist",
            label=unit,
            arguments=[f"{self.brew}/bin/redis-server", self.layout.redis_conf]
            if redis
            else supervised(self.layout.program, "web" if web else "up"),
            user=self.layout.owner.redis if redis else self.layout.owner.service,
            session=None,
            environment={} if redis else own,
            restart="always" if redis else "on-failure",
            files=65_535,
            log=self.log_file(unit),
        )
        return File(f"{LAUNCH_DAEMONS}/{unit}.plist", text, "root", "wheel", 0o644)

    def start(self, unit: str, why: str, *, restart: bool, reload: bool) -> StartDaemon:
        plist = self.job(unit).path
        return StartDaemon("system", unit, plist, why, restart=restart)

    def install(self, facts: Facts) -> list[Step]:
        software = facts.software
        if software.candidate is None or software.candidate == software.redis:
            return []
        return [BrewUpgrade("redis", software.candidate, _another_owner(facts))]

    def outdated(self, facts: Facts, running: str, unit: str) -> str:
        software = facts.software
        to = software.candidate or software.redis
        return f"Redis {running} -> {to}" if to is not None and to != running else ""

    def retire(self) -> list[Step]:
        return []  # a Mac is in no cluster

    def end(self, *units: str) -> str:
        jobs = [f"system/{unit}" for unit in units]
        return "; ".join(f"launchctl disable {job}; launchctl bootout {job}" for job in jobs)

    def gate(self, unit: str, what: str, failure: str, check: str) -> Gate:
        return Gate(
            what,
            failure,
            check,
            self.stack.service.start_timeout_s,
            diagnose=f"launchctl print system/{unit}; tail -n 20 {self.log_file(unit)}",
            hopeless=f"launchctl print system/{unit} | grep -q 'last exit code = 0'",
        )


def _another_owner(facts: Facts) -> str | None:
    """Whose Homebrew is, if not whoever connects."""
    owner = facts.machine.brew_owner
    return owner if owner != facts.machine.login else None
