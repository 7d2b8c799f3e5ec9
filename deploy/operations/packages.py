"""Packages and releases, and the system users that they run as."""

from typing import Any

from pyinfra.operations import apt, brew, server

from deploy.before import remember
from deploy.commands import APT_WAIT_S, install_release
from deploy.operations.dispatch import perform
from deploy.operations.gates import wait_for
from deploy.operations.uploads import upload
from deploy.steps import BrewInstall, BrewUpgrade, Gate, Install, InstallRelease, MakeUser, Mask
from deploy.wheels import build
from thoughtstream.versions import OLDEST, dotted

_CANDIDATE = "s/^ *Candidate: *\\([0-9]*:\\)*\\([0-9]*\\)\\..*/\\2/p"
_NEW_ENOUGH = (
    f"v=$(apt-cache policy redis-server | sed -n '{_CANDIDATE}'); [ \"${{v:-0}}\" -ge {OLDEST[0]} ]"
)


@perform.register
def _install(step: Install) -> None:
    apt.update(name="update the package lists", cache_time=3600)
    if "redis-server" in step.packages:
        _check_redis()
    for unit in step.masked:
        server.shell(name=f"mask {unit}", commands=[f"systemctl mask {unit}"])
    apt.packages(
        name=str(step),
        packages=list(step.packages),
        no_recommends=True,
        extra_install_args=f"-o DPkg::Lock::Timeout={APT_WAIT_S}",
    )


def _check_redis() -> None:
    gate = Gate(
        f"check that apt offers Redis {dotted(OLDEST)} or newer",
        f"apt doesn't offer Redis {dotted(OLDEST)} or newer",
        _NEW_ENOUGH,
        0,
        diagnose="apt-cache policy redis-server",
    )
    wait_for(name=str(gate), gate=gate)


@perform.register
def _brew(step: BrewInstall) -> None:
    brew.packages(name=str(step), packages=list(step.packages), **_as_its_owner(step.owner))


@perform.register
def _brew_upgrade(step: BrewUpgrade) -> None:
    command = f"brew upgrade {step.package}"
    server.shell(name=str(step), commands=[command], **_as_its_owner(step.owner))


def _as_its_owner(owner: str | None) -> dict[str, Any]:
    """Homebrew refuses root, everybody but its owner, and to be where its owner may not read."""
    return {"_sudo": owner is not None, "_sudo_user": owner, "_chdir": "/"}


@perform.register
def _mask(step: Mask) -> None:
    noted = remember(f"was there: {step.unit}")
    server.shell(name=str(step), commands=[noted, f"systemctl mask {step.unit}"])


@perform.register
def _user(step: MakeUser) -> None:
    server.user(
        name=str(step),
        user=step.user,
        home=step.home,
        shell="/usr/sbin/nologin",
        system=True,
        create_home=False,
        ensure_home=False,
    )


@perform.register
def _release(step: InstallRelease) -> None:
    archive = f"{step.layout.opt}/{step.release.name}.tar"
    upload(f"upload release {step.release.name}", build(step.release), archive)
    command = install_release(
        archive,
        releases=step.layout.releases,
        release=step.release.name,
        python=step.python,
        current=step.layout.current,
    )
    server.shell(name=str(step), commands=[command])
