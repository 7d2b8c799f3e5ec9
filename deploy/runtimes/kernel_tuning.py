"""Kernel settings that Redis wants of a Linux host, where the host lets itself be tuned."""

from collections.abc import Iterator

from deploy.facts.gather import Facts
from deploy.layout import REDIS_UNIT, SYSCTL, SYSTEMD, THP_UNIT
from deploy.render import render
from deploy.runtimes.base import File, changed
from deploy.settings import Stack
from deploy.steps import ApplySysctl, StartUnit, Step

SOMAXCONN = 1024


def sysctl(stack: Stack, facts: Facts, late: frozenset[str]) -> File:
    """The file of kernel settings. A host that already has more room keeps it."""
    room = max(SOMAXCONN, stack.redis.tcp_backlog, facts.machine.somaxconn or 0)
    return File(SYSCTL, render("sysctl.conf", somaxconn=room, late=sorted(late)), "root", "root")


def thp_unit() -> File:
    """The unit that turns transparent huge pages off at every boot."""
    text = render("systemd/thoughtstream-thp.service", redis_unit=REDIS_UNIT)
    return File(f"{SYSTEMD}/{THP_UNIT}.service", text, "root", "root")


PATHS = (SYSCTL, thp_unit().path)


def steps(stack: Stack, facts: Facts, *, late: frozenset[str] = frozenset()) -> Iterator[Step]:
    """Overcommit and backlog; no transparent huge pages; `late`: of which families an address may
    be listened on before it is there. Nothing where the machine that this container runs on has
    the say.
    """
    machine = facts.machine
    if machine.tunable:
        file = sysctl(stack, facts, late)
        yield from (file.step() for file in changed([file], facts))
        loaded = machine.overcommit == 1 and late <= machine.nonlocal_bind
        if file.differs(facts) or not loaded:
            yield ApplySysctl(SYSCTL)
    if machine.thp_tunable and machine.systemd:
        unit = thp_unit()
        yield from (file.step() for file in changed([unit], facts))
        state = facts.units.get(THP_UNIT)
        huge = machine.thp is not None and "[never]" not in machine.thp
        if unit.differs(facts) or huge or state is None or state.active != "active":
            yield StartUnit(THP_UNIT, "no transparent huge pages", restart=huge, reload=True)
