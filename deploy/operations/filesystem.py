"""Directories and files, and the kernel settings that one of them holds."""

from io import StringIO

from pyinfra.operations import files, server

from deploy.before import remember_kernel
from deploy.operations.dispatch import perform
from deploy.operations.uploads import upload
from deploy.steps import ApplySysctl, MakeDirectory, OwnFile, PutFile


@perform.register
def _directory(step: MakeDirectory) -> None:
    mode = None if step.mode is None else f"{step.mode:o}"
    files.directory(name=str(step), path=step.path, user=step.user, group=step.group, mode=mode)


@perform.register
def _own(step: OwnFile) -> None:
    files.file(
        name=str(step), path=step.path, user=step.user, group=step.group, mode=f"{step.mode:o}"
    )


@perform.register
def _file(step: PutFile) -> None:
    own = {"user": step.user, "group": step.group, "mode": f"{step.mode:o}"}
    upload(str(step), StringIO(step.text), step.path, **own)


@perform.register
def _sysctl(step: ApplySysctl) -> None:
    server.shell(name=str(step), commands=[remember_kernel(), f"sysctl --quiet --load {step.path}"])
