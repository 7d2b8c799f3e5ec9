"""Packages, users, files, passwords, kernel settings."""

from collections.abc import Generator
from io import StringIO

from pyinfra.api.arguments import CONNECTOR_ARGUMENT_KEYS, pop_global_arguments
from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import OperationError
from pyinfra.api.operation import operation
from pyinfra.context import host, state
from pyinfra.operations import apt, brew, files, server

from deploy.commands import make_secret, put_masterauth, put_secret
from deploy.content import users_acl
from deploy.facts.files import SecretDigestsFact
from deploy.operations.dispatch import perform
from deploy.operations.gates import passes
from deploy.steps import (
    ApplySysctl,
    BrewInstall,
    CopySecret,
    Gate,
    Install,
    MakeDirectory,
    MakeSecret,
    MakeUser,
    Mask,
    OwnFile,
    PutAcl,
    PutFile,
    PutMasterauth,
    PutSecretFile,
    Run,
)

_CANDIDATE = "s/^ *Candidate: *\\([0-9]*:\\)*\\([0-9]*\\)\\..*/\\2/p"
_NEW_ENOUGH = f"v=$(apt-cache policy redis-server | sed -n '{_CANDIDATE}'); [ \"${{v:-0}}\" -ge 7 ]"


@perform.register
def _install(step: Install) -> None:
    apt.update(name="read the lists of packages", cache_time=3600)
    gate = Gate("apt offers Redis 7.0 or newer", _NEW_ENOUGH, 0, "apt-cache policy redis-server")
    passes(name=str(gate), gate=gate)
    for unit in step.masked:
        server.shell(name=f"mask {unit}", commands=[f"systemctl mask {unit}"])
    apt.packages(name=str(step), packages=list(step.packages), no_recommends=True)


@perform.register
def _brew(step: BrewInstall) -> None:
    # Homebrew refuses root.
    brew.packages(name=str(step), packages=list(step.packages), _sudo=False)


@perform.register
def _mask(step: Mask) -> None:
    server.shell(name=str(step), commands=[f"systemctl mask {step.unit}"])


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
def _directory(step: MakeDirectory) -> None:
    mode = None if step.mode is None else f"{step.mode:o}"
    files.directory(name=str(step), path=step.path, user=step.user, group=step.group, mode=mode)


@perform.register
def _own(step: OwnFile) -> None:
    files.file(
        name=str(step), path=step.path, user=step.user, group=step.group, mode=f"{step.mode:o}"
    )


@perform.register
def _secret(step: MakeSecret) -> None:
    command = make_secret(step.path, user=step.user, group=step.group, mode=step.mode)
    server.shell(name=str(step), commands=[command])


@perform.register
def _file(step: PutFile) -> None:
    files.put(
        name=str(step),
        src=StringIO(step.text),
        dest=step.path,
        user=step.user,
        group=step.group,
        mode=f"{step.mode:o}",
        create_remote_dir=False,
    )


@operation()
def copied_secret(step: CopySecret) -> Generator[StringCommand, None, None]:
    """Writes the password that another host has, by standard input."""
    own = step.secret
    command = put_secret(own.path, user=own.user, group=own.group, mode=own.mode)
    password = _password(step) if state.is_executing else ""
    yield StringCommand(f"tr -d '\\n' | {{ {command}; }}", _stdin=password)


def _password(step: CopySecret) -> str:
    """What stands in the file of the host that has it; read without printing it."""
    source = state.inventory.get_host(step.source)
    found, _ = pop_global_arguments(state, source, {})
    how = {key: value for key, value in found.items() if key in CONNECTOR_ARGUMENT_KEYS}
    read = StringCommand(f"cat {step.secret.path}")
    ok, output = source.run_shell_command(read, print_output=False, print_input=False, **how)
    if not ok or not output.stdout.strip():
        raise OperationError(f"{step.source}: no password in {step.secret.path}")
    return output.stdout.strip()


@perform.register
def _copy(step: CopySecret) -> None:
    copied_secret(name=str(step), step=step)


@perform.register
def _secret_file(step: PutSecretFile) -> None:
    command = put_secret(step.path, user=step.user or "", group=step.group or "", mode=step.mode)
    server.shell(name=str(step), commands=[command], _stdin=step.text)


@perform.register
def _masterauth(step: PutMasterauth) -> None:
    file = step.file
    command = put_masterauth(
        step.secret, file.path, user=file.user, group=file.group, mode=file.mode
    )
    server.shell(name=str(step), commands=[command])


@operation()
def acl_file(step: PutAcl) -> Generator[StringCommand, None, None]:
    """Writes the users, with the digests of the passwords that the host has by now."""
    found = host.get_fact(SecretDigestsFact, dict(step.secrets))
    missing = [path for role, path in step.secrets if role not in found]
    if missing and state.is_executing:
        raise OperationError(f"{host.name}: no password in {', '.join(missing)}")
    digests = {role: found.get(role, "to-be-made") for role, _ in step.secrets}
    beside = [host.get_fact(SecretDigestsFact, dict(others)) for others in step.beside]
    yield from files.put._inner(
        src=StringIO(users_acl(digests, *beside)),
        dest=step.path,
        user=step.user,
        group=step.group,
        mode=f"{step.mode:o}",
        create_remote_dir=False,
    )


@perform.register
def _acl(step: PutAcl) -> None:
    acl_file(name=str(step), step=step)


@perform.register
def _sysctl(step: ApplySysctl) -> None:
    server.shell(name=str(step), commands=[f"sysctl --quiet --load {step.path}"])


@perform.register
def _run(step: Run) -> None:
    server.shell(name=str(step), commands=[step.command])
