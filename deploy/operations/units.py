"""systemd's units and launchd's jobs; and single commands."""

from pyinfra.operations import server, systemd

from deploy.commands import start_daemon, start_unit
from deploy.operations.dispatch import perform
from deploy.steps import Run, StartDaemon, StartUnit


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
def _run(step: Run) -> None:
    server.shell(name=str(step), commands=[step.command])
