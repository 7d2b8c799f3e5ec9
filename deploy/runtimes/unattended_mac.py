"""What a Mac needs so that it serves while nobody is there: power, and a disk that opens itself."""

from collections.abc import Iterator

from deploy.facts.machine import Machine

POWER = {"autorestart": "1", "sleep": "0", "disksleep": "0", "powernap": "0"}
"""Settings of pmset: up again after a power failure, and never asleep, not for a nap either."""


def other_power(machine: Machine) -> dict[str, str]:
    """The settings that it has, with another value than they should have."""
    return {n: POWER[n] for n in POWER if n in machine.power and machine.power[n] != POWER[n]}


def pmset(settings: dict[str, str]) -> str:
    """The command of root that sets them."""
    return " ".join(["pmset", "-a", *(f"{name} {value}" for name, value in settings.items())])


def cautions(machine: Machine, *, serves_before_login: bool) -> Iterator[str]:
    """What its owner should know before anything is changed."""
    if machine.filevault:
        yield (
            "facts.machine.filevault: is on, so after a restart nothing runs here, and a power "
            "failure ends its service, until somebody unlocks the disk (at the Mac; from macOS 26 "
            "by SSH, too); to have it come back by itself: sudo fdesetup disable"
        )
    if serves_before_login:
        return
    yield (
        "runtime: 'docker' on a Mac starts when its user logs in, not before; have that user "
        "logged in automatically, or use 'native'"
    )
    if other := other_power(machine):
        yield (
            f"facts.machine.power: it may fall asleep or stay off ({_told(machine, other)}); on "
            f"the Mac: sudo {pmset(other)}"
        )


def _told(machine: Machine, settings: dict[str, str]) -> str:
    return ", ".join(f"{name} {machine.power[name]}" for name in settings)
