"""Runtime `native` on Linux: Debian's Redis under our own systemd unit."""

from collections.abc import Iterator

from deploy.facts.gather import Facts, Watch
from deploy.facts.machine import Machine
from deploy.facts.software import upstream
from deploy.facts.units import UnitState
from deploy.layout import REDIS_UNIT, SERVICE_UNIT, SYSTEMD, THP_UNIT, linux_native
from deploy.render import render
from deploy.runtimes import preflight, tuning
from deploy.runtimes.base import File
from deploy.runtimes.native import UP, Native
from deploy.settings import Stack
from deploy.steps import Gate, Install, MakeUser, Mask, Run, StartUnit, Step
from deploy.wheels import Target

_DEBIANS_UNIT = "redis-server"


class LinuxNative(Native):
    """One Linux host with systemd and apt."""

    redis_unit = REDIS_UNIT
    service_unit = SERVICE_UNIT
    python = "/usr/bin/python3"

    def __init__(self, stack: Stack, machine: Machine) -> None:
        layout = linux_native()
        become = f"runuser -u {layout.owner.service} --"
        super().__init__(stack, machine, layout, supervised="systemd", become=become)

    def target(self, facts: Facts) -> Target:
        """For the Python that is there, or the one that apt will install."""
        machine = self.machine
        python = machine.python or upstream(facts.software.python_candidate)
        return Target(python or "", machine.architecture or "", machine.glibc)

    def watch(self) -> Watch:
        return Watch(
            paths=(*self.paths, *tuning.PATHS),
            secrets=self.server.secrets,
            software=self.layout,
            units=(REDIS_UNIT, SERVICE_UNIT, THP_UNIT, _DEBIANS_UNIT),
            cli=self.cli,
            ports=(self.stack.redis.port,),
            disk=self.layout.data,
        )

    def problems(self, facts: Facts) -> Iterator[str]:
        yield from preflight.linux(facts)
        yield from preflight.native_linux(facts)
        yield from preflight.running_redis(facts)
        yield from preflight.memory(self.stack, facts.machine.memory, "facts.machine.memory")
        yield from preflight.disk(self.stack, facts.disk)
        mine = facts.units.get(REDIS_UNIT)
        yield from preflight.ports(facts, {"redis.port": self.stack.redis.port}, mine)

    def plan(self, facts: Facts) -> list[Step]:
        return [
            *tuning.tuning(self.stack, facts),
            *self._packages(facts),
            *self.common(facts),
        ]

    def _packages(self, facts: Facts) -> Iterator[Step]:
        if facts.software.unfinished:
            command = "DEBIAN_FRONTEND=noninteractive dpkg --configure -a"
            yield Run("finish an installation of packages that was cut off", command)
        found = {"redis-server": facts.software.redis, "python3": facts.machine.python}
        if missing := tuple(name for name, version in found.items() if version is None):
            yield Install(missing, masked=(_DEBIANS_UNIT,) if "redis-server" in missing else ())
        if "redis-server" not in missing and _starts_by_itself(facts.units.get(_DEBIANS_UNIT)):
            yield Mask(_DEBIANS_UNIT)
        if not facts.software.service_user:
            yield MakeUser(self.layout.owner.service, self.layout.service_data)

    def job(self, unit: str, *, revision: str = "") -> File:
        text = render(
            f"systemd/{unit}.service",
            layout=self.layout,
            owner=self.layout.owner,
            program=self.layout.program,
            redis_unit=REDIS_UNIT,
            revision=revision,
            start_timeout_s=self.stack.service.start_timeout_s,
        )
        return File(f"{SYSTEMD}/{unit}.service", text, "root", "root")

    def start(self, unit: str, why: str, *, restart: bool, reload: bool) -> StartUnit:
        return StartUnit(unit, why, restart=restart, reload=reload)

    def gate(self, unit: str, what: str, check: str) -> Gate:
        return Gate(
            what,
            f"systemctl is-active --quiet {unit} && {check}",
            self.stack.service.start_timeout_s,
            diagnose=f"systemctl status --no-pager --lines 0 {unit}; "
            f"journalctl --no-pager --output cat --lines 20 --unit {unit}",
            hopeless=f"systemctl is-failed --quiet {unit}",
        )


def _starts_by_itself(debians: UnitState | None) -> bool:
    """Whether Debian's own unit would take the port at the next boot. One that is active serves
    somebody else, on another port (or preflight had refused).
    """
    return debians is not None and debians.loaded == "loaded" and debians.active not in UP
