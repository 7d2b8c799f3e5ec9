"""What runs: units, daemons, releases, and changes of a running Redis."""

from pyinfra.operations import files, server, systemd

from deploy.commands import apply_masterauth, install_release, rewrite_log, start_daemon, start_unit
from deploy.operations.dispatch import perform
from deploy.steps import (
    ApplyLive,
    ApplyMasterauth,
    InstallRelease,
    LoadAcl,
    RewriteLog,
    StartDaemon,
    StartUnit,
)
from deploy.wheels import build


@perform.register
def _release(step: InstallRelease) -> None:
    archive = f"{step.layout.opt}/{step.release.name}.tar"
    built = str(build(step.release))
    files.put(name=f"upload release {step.release.name}", src=built, dest=archive)
    command = install_release(
        archive,
        releases=step.layout.releases,
        release=step.release.name,
        python=step.python,
        current=step.layout.current,
    )
    server.shell(name=str(step), commands=[command])


@perform.register
def _rewrite(step: RewriteLog) -> None:
    server.shell(name=str(step), commands=[rewrite_log(step.cli)])


@perform.register
def _unit(step: StartUnit) -> None:
    systemd.service(
        name=f"enable {step.unit}",
        service=step.unit,
        running=None,
        enabled=True,
        daemon_reload=step.reload,
        user_mode=step.own,
    )
    command = start_unit(step.unit, restart=step.restart, own=step.own)
    server.shell(name=str(step), commands=[command])


@perform.register
def _daemon(step: StartDaemon) -> None:
    server.shell(name=str(step), commands=[start_daemon(step.domain, step.label, step.plist)])


@perform.register
def _live(step: ApplyLive) -> None:
    pairs = [part for name, _, new in step.directives for part in (name, new.strip('"'))]
    server.shell(name=str(step), commands=[step.cli("config", "set", *pairs)])


@perform.register
def _live_masterauth(step: ApplyMasterauth) -> None:
    server.shell(name=str(step), commands=[apply_masterauth(step.cli, step.secret)])


@perform.register
def _load_acl(step: LoadAcl) -> None:
    server.shell(name=str(step), commands=[step.cli("acl", "load")])
