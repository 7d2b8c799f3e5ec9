"""Runtime `native` on Linux: Debian's Redis under our own systemd unit."""

from collections.abc import Iterator, Sequence

from deploy.cluster.topology import Node
from deploy.commands import APT_WAIT_S
from deploy.facts.gather import Facts, Watch
from deploy.facts.machine import Machine
from deploy.facts.software import Software
from deploy.facts.units import UnitState
from deploy.layout import (
    PROMETHEUS_UNIT,
    REDIS_UNIT,
    SERVICE_UNIT,
    SYSTEMD,
    THP_UNIT,
    WEB_UNIT,
    linux_native,
)
from deploy.render import render
from deploy.runtimes import addresses, apt, kernel_tuning, preflight, prometheus
from deploy.runtimes.addresses import Address
from deploy.runtimes.base import HOPELESS, File
from deploy.runtimes.native import UP, Native
from deploy.runtimes.prometheus import HostPrometheus
from deploy.runtimes.server import ServerSpec
from deploy.settings import Stack
from deploy.steps import Gate, Install, MakeUser, Mask, Run, StartUnit, Step
from deploy.versions import numbers, upstream
from deploy.wheels import Target

_DEBIANS_UNIT = "redis-server"
_UPGRADE = (
    "DEBIAN_FRONTEND=noninteractive apt-get install -y --only-upgrade --no-install-recommends "
    f"-o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout={APT_WAIT_S} "
    "redis-server redis-tools"
)


class LinuxNative(Native):
    """One Linux host with systemd and apt."""

    service_unit = SERVICE_UNIT
    web_unit = WEB_UNIT
    python = "/usr/bin/python3"

    def __init__(
        self, stack: Stack, machine: Machine, nodes: Sequence[Node] = (), host: str = ""
    ) -> None:
        layout = linux_native()
        become = 'runuser -u "$user" --'
        super().__init__(stack, machine, layout, nodes, host, supervised="systemd", become=become)
        self.prometheus = (
            HostPrometheus(layout, self.web, service_port=stack.service.metrics.port)
            if stack.prometheus and self.web
            else None
        )

    def unit_of(self, spec: ServerSpec) -> str:
        return spec.unit

    def target(self, facts: Facts) -> Target:
        """For the Python that is there, or the one that apt will install."""
        machine = self.machine
        python = machine.python or upstream(facts.software.python_candidate)
        return Target(python or "", machine.architecture or "", machine.glibc)

    def watch(self) -> Watch:
        return Watch(
            paths=(
                *self.paths,
                *kernel_tuning.PATHS,
                *apt.PATHS,
                *(self.prometheus.paths if self.prometheus else []),
                self.job(PROMETHEUS_UNIT).path,
            ),
            claims=self.claimed,
            secrets=self.secrets.files,
            software=self.layout,
            units=(*self.specs, SERVICE_UNIT, WEB_UNIT, PROMETHEUS_UNIT, THP_UNIT, _DEBIANS_UNIT),
            cli=None if self.nodes else self.cli,
            nodes=self.nodes,
            masterauth=self.layout.masterauth if self.nodes else None,
            ports=(*self.ports.values(), self.stack.web.port, prometheus.PORT),
            disk=self.layout.data,
        )

    def shortcomings(self, facts: Facts) -> Iterator[str]:
        yield from preflight.linux(facts)
        yield from preflight.native_linux(facts)
        if _starts_by_itself(facts.units.get(_DEBIANS_UNIT)):
            yield from preflight.own_data(facts.software.own_data)
        for server in self.servers:
            own = facts.of(server.spec.unit)
            yield from preflight.running_redis(own)
            yield from preflight.held(self.stack, own, server.cli.at)
        yield from preflight.memory(self.stack, facts.machine.memory, "facts.machine.memory")
        yield from preflight.disk(self.stack, facts.disk)
        if not any(facts.of(server.spec.unit).redis for server in self.servers):
            starts = facts.software.redis or facts.software.candidate
            yield from preflight.package_of_data(starts, facts.disk)
        for unit, spec in self.specs.items():
            yield from preflight.ports(facts, spec.ports, facts.units.get(unit))
        yield from preflight.web(self.stack, facts, facts.units.get(WEB_UNIT))
        if self.prometheus:
            mine = facts.units.get(PROMETHEUS_UNIT)
            wanted = {"prometheus": prometheus.PORT}
            yield from preflight.ports(facts, wanted, mine, cure="leave it out")
        yield from self.tls.problems() if self.tls else ()

    def machine_steps(self, facts: Facts) -> list[Step]:
        return [
            *kernel_tuning.steps(self.stack, facts),
            *apt.restarts_of_others(facts),
            *self._packages(facts),
        ]

    def cautions(self, facts: Facts) -> Iterator[str]:
        yield from super().cautions(facts)
        yield from apt.cautions(facts, [*self._packages(facts)])

    def _packages(self, facts: Facts) -> Iterator[Step]:
        if facts.software.unfinished:
            command = "DEBIAN_FRONTEND=noninteractive dpkg --configure -a"
            yield from apt.waited_for(
                Run("finish an interrupted installation of packages", command)
            )
        found = {"redis-server": facts.software.redis, "python3": facts.machine.python}
        if missing := tuple(name for name, version in found.items() if version is None):
            masked = (_DEBIANS_UNIT,) if "redis-server" in missing else ()
            yield from apt.waited_for(Install(missing, masked=masked))
        if "redis-server" not in missing and _starts_by_itself(facts.units.get(_DEBIANS_UNIT)):
            yield Mask(_DEBIANS_UNIT)
        owner, layout = self.layout.owner, self.layout
        homes = {owner.service: layout.service_data}
        homes |= {owner.web: layout.web_data} if self.web else {}
        for user, home in homes.items():
            if user not in facts.software.users:
                yield MakeUser(user, home)

    def _watching(self, facts: Facts) -> Iterator[Step]:
        own = self.prometheus
        if own is None:
            yield from self._ended(PROMETHEUS_UNIT, "Prometheus", facts)
            return
        yield from own.preparation(facts)
        yield from self._process(PROMETHEUS_UNIT, own.read, facts)
        check = own.answers(f"{self.layout.current}/bin/python")
        yield self.gate(PROMETHEUS_UNIT, "Prometheus is ready", "Prometheus is not ready", check)

    def job(self, unit: str, *, revision: str = "") -> File:
        layout = self.specs[unit].layout if unit in self.specs else self.layout
        text = render(
            f"systemd/{REDIS_UNIT if unit in self.specs else unit}.service",
            layout=layout,
            owner=layout.owner,
            program=layout.program,
            redis_units=[f"{name}.service" for name in self.specs],
            online=bool(addresses.late(self._listens_on(unit))),
            prometheus_port=prometheus.PORT,
            revision=revision,
            start_timeout_s=self.stack.service.start_timeout_s,
        )
        return File(f"{SYSTEMD}/{unit}.service", text, "root", "root")

    def _listens_on(self, unit: str) -> Sequence[Address]:
        if unit == WEB_UNIT:
            return [self.stack.web.bind]
        return self.specs[unit].stack.redis.bind if unit in self.specs else []

    def runs_as(self, unit: str) -> str:
        """When it starts is for the next boot."""
        return self.job(unit).text.partition("[Service]")[2]

    def start(self, unit: str, why: str, *, restart: bool, reload: bool) -> StartUnit:
        return StartUnit(unit, why, restart=restart, reload=reload)

    def downgrades(self, facts: Facts) -> Iterator[str]:
        candidate = facts.software.candidate
        to = numbers(upstream(candidate) or "")
        running = {str(node): view.version for node, view in facts.nodes.items() if view}
        if facts.redis:
            running["Redis"] = facts.redis.version
        for server, version in running.items():
            if to and to < numbers(version)[: len(to)]:
                yield f"{server} runs {version}, and apt's redis-server {candidate} is older"

    def install(self, facts: Facts) -> list[Step]:
        software = facts.software
        if not _is_to_upgrade(software):
            return []
        what = f"upgrade redis-server {software.redis} -> {software.candidate}"
        return [*apt.waited_for(Run(what, _UPGRADE))]

    def outdated(self, facts: Facts, running: str, unit: str) -> str:
        to = upstream(facts.software.candidate)
        outdated = _is_to_upgrade(facts.software) or (to is not None and to != running)
        return f"Redis {running} -> {to}" if outdated else ""

    def retire(self) -> list[Step]:
        beside = [PROMETHEUS_UNIT] if self.prometheus else []
        return [Run("stop the service for good", self.end(*self.own_units, *beside))]

    def end(self, *units: str) -> str:
        return f"systemctl disable --now {' '.join(units)}"

    def gate(self, unit: str, what: str, failure: str, check: str) -> Gate:
        return Gate(
            what,
            failure,
            f"systemctl is-active --quiet {unit} && {check}",
            self.stack.service.start_timeout_s,
            diagnose=f"systemctl status --no-pager --lines 0 {unit}; "
            f"journalctl --no-pager --output cat --lines 20 --unit {unit}",
            hopeless=_hopeless(unit),
        )


def _hopeless(unit: str) -> str:
    """Succeeds where a unit has given up, or starts and ends again and again."""
    starts = f"$(systemctl show --property NRestarts --value {unit})"
    again = f'! systemctl is-active --quiet {unit} && [ "{starts}" -ge {HOPELESS} ]'
    return f"systemctl is-failed --quiet {unit} || {{ {again}; }}"


def _is_to_upgrade(software: Software) -> bool:
    """Whether apt has another Redis than the host."""
    return software.candidate is not None and software.candidate != software.redis


def _starts_by_itself(debians: UnitState | None) -> bool:
    """Whether Debian's own unit would take the port at the next boot. One that is active serves
    somebody else, on another port (or preflight had refused).
    """
    return debians is not None and debians.loaded == "loaded" and debians.active not in UP
