"""`deploy.backup` and `deploy.restore` of one server: the facts are read, and the plan is made."""

from pathlib import Path

from pyinfra.api.exceptions import DeployError
from pyinfra.context import host, state

from deploy import age
from deploy.backups import (  # noqa: F401  (operations register themselves)
    facts,
    restore_operations,
    restore_plan,
    save_operations,
    save_plan,
)
from deploy.backups.checks import saving
from deploy.backups.dump import as_backup
from deploy.backups.point_in_time import moment_of
from deploy.backups.repository import (
    BackupError,
    Draft,
    default_repository,
    free,
    is_writable,
    open_backup,
    verify,
)
from deploy.backups.restore_plan import Backup
from deploy.run_state import run_state
from deploy.runtimes.base import Runtime
from deploy.runtimes.instances import Instance
from deploy.settings import Stack
from deploy.steps import Step


def save(stack: Stack, runtime: Runtime, *, to: object, keep: object) -> list[Step]:
    """The plan of a backup of one server."""
    repository, kept = destination(to, keep)
    instance = _instance(runtime)
    found = facts.read(host.get_fact, instance)
    refuse("backed up", list(saving(found, repository, free=free(repository))))
    draft = Draft(repository, host.name, run_state().stamp)
    return save_plan.plan(save_plan.source(stack, instance, found), draft, keep=kept)


def restore(stack: Stack, runtime: Runtime, backup: Backup) -> list[Step]:
    """The plan of putting a backup back on one server."""
    if len(state.inventory.get_active_hosts()) > 1:
        raise DeployError("several hosts: name the one to restore to, with --limit")
    instance = _instance(runtime)
    found = facts.read(host.get_fact, instance, keys=True)
    refuse("restored to", list(restore_plan.problems(stack, backup, found)))
    return restore_plan.plan(stack, runtime, backup, instance)


def destination(to: object, keep: object) -> tuple[Path, int]:
    """Where a backup goes, and how many stay there."""
    if not isinstance(keep, int) or isinstance(keep, bool) or keep < 1:
        raise DeployError(f"keep: is {keep!r}; give the number of backups to keep, 1 or more")
    repository = default_repository() if to is None else Path(str(to)).expanduser().absolute()
    if not is_writable(repository):
        raise DeployError(
            f"to: {repository} is not a directory that you can write to, or make; choose another\n"
            "  nothing was changed"
        )
    return repository, keep


def opened(from_: object, point_in_time: object, replace: object, identity: object) -> Backup:
    """The backup that somebody names, read through once in a run: it is complete and undamaged."""
    run, asked = run_state(), (from_, point_in_time, replace)
    return run.once("backup", lambda: read_through(*asked, run.stamp, identity))


def read_through(
    from_: object, point_in_time: object, replace: object, stamp: str, identity: object = None
) -> Backup:
    """The same, read now.

    Raises:
        DeployError: it can't be restored, or isn't asked for in words that we know.
    """
    replacing = _yes("replace", replace)
    try:
        path = Path(str(from_)).expanduser().absolute()
        folder, manifest = as_backup(path) if path.is_file() else open_backup(str(from_))
        until = None if point_in_time is None else moment_of(point_in_time)
        keys = _keys(identity, manifest.recipients)
        for saved in manifest.nodes:
            verify(folder, saved, keys)
    except (BackupError, OSError, ValueError) as error:
        raise DeployError(f"{error}\n  nothing was changed") from None
    return Backup(folder, manifest, until, replacing, stamp, keys)


def _keys(given: object, recipients: tuple[str, ...]) -> str | None:
    """The secret keys in the file that somebody names; None: no backup needs any.

    Raises:
        ValueError: there are none.
    """
    if given is None:
        if recipients:
            raise ValueError(
                f"identity: is missing, and the backup is encrypted to {', '.join(recipients)}; "
                "give identity=FILE, which has the secret key of one of these"
            )
        return None
    file = Path(str(given)).expanduser()
    try:
        text = file.read_text()
        age.identities(text)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ValueError(
            f"identity: {file}: {why}; name a file of age-keygen's, or an SSH key without a "
            "passphrase"
        ) from None
    return text


def _instance(runtime: Runtime) -> Instance:
    instances = runtime.instances()
    if not instances:
        raise DeployError(
            "runtime: 'embedded' is a mind in somebody's home, not a server; to back it up, run "
            "`thoughtstream down`, copy the home, and run `thoughtstream up`"
        )
    return instances[0]


def refuse(what: str, problems: list[str]) -> None:
    """Ends the run where there are problems."""
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise DeployError(f"{host.name} can't be {what}; nothing was changed\n{lines}")


def _yes(name: str, given: object) -> bool:
    answers = {"yes": True, "no": False, True: True, False: False}
    if not isinstance(given, str | bool) or given not in answers:
        raise DeployError(f"{name}: is {given!r}; say yes or no")
    return answers[given]
