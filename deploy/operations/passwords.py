"""Passwords: made on a host, copied between hosts, and the files that are made from them."""

from collections.abc import Generator
from io import StringIO

from pyinfra.api.arguments import CONNECTOR_ARGUMENT_KEYS, pop_global_arguments
from pyinfra.api.command import StringCommand
from pyinfra.api.exceptions import OperationError
from pyinfra.api.operation import operation
from pyinfra.context import host, state
from pyinfra.operations import files, server

from deploy.config_files import users_acl
from deploy.facts.files import SecretDigestsFact
from deploy.operations.dispatch import perform
from deploy.operations.uploads import private_folder
from deploy.passwords import make_password, put_masterauth, put_secret
from deploy.steps import CopySecret, MakeSecret, PutAcl, PutMasterauth, PutSecretFile


@perform.register
def _secret(step: MakeSecret) -> None:
    command = make_password(step.path, user=step.user, group=step.group, mode=step.mode)
    server.shell(name=str(step), commands=[command])


@operation()
def copy_secret(step: CopySecret) -> Generator[StringCommand, None, None]:
    """Writes another host's password, through standard input."""
    own = step.secret
    command = put_secret(own.path, user=own.user, group=own.group, mode=own.mode)
    password = _password(step) if state.is_executing else ""
    yield StringCommand(f"tr -d '\\n' | {{ {command}; }}", _stdin=password)


def _password(step: CopySecret) -> str:
    """The content of the other host's password file, read without printing it."""
    source = state.inventory.get_host(step.source)
    found, _ = pop_global_arguments(state, source, {})
    how = {key: value for key, value in found.items() if key in CONNECTOR_ARGUMENT_KEYS}
    read = StringCommand(f"cat {step.secret.path}")
    ok, output = source.run_shell_command(read, print_output=False, print_input=False, **how)
    if not ok or not output.stdout.strip():
        raise OperationError(f"{step.source}: there is no password in {step.secret.path}")
    return output.stdout.strip()


@perform.register
def _copy(step: CopySecret) -> None:
    copy_secret(name=str(step), step=step)


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
def put_acl(step: PutAcl) -> Generator[StringCommand, None, None]:
    """Writes the ACL file, with the digests of the passwords that the host has by then."""
    found = host.get_fact(SecretDigestsFact, dict(step.secrets))
    missing = [path for role, path in step.secrets if role not in found]
    if missing and state.is_executing:
        raise OperationError(f"{host.name}: there is no password in {', '.join(missing)}")
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
    put_acl(name=str(step), step=step, _temp_dir=private_folder())
