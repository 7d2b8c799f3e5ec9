"""The steps of a backup, carried out."""

from collections.abc import Callable, Generator

from pyinfra import logger
from pyinfra.api.command import FunctionCommand
from pyinfra.api.host import Host
from pyinfra.api.operation import operation
from pyinfra.api.state import State

from deploy.age import new_identity
from deploy.backups import append_only_file as aof
from deploy.backups.encryption import EncryptionError, encrypted
from deploy.backups.manifest import KeyspaceDigest, Saved
from deploy.backups.repository import BackupError, Draft, contents, sha256
from deploy.backups.save_steps import Finish, Save, Source
from deploy.backups.scratch_server import with_scratch
from deploy.backups.transfer import run
from deploy.commands import RedisCli, rewrite_log
from deploy.operations.dispatch import perform
from deploy.quantities import about
from deploy.runtimes.instances import Instance
from thoughtstream.keys import BACKUP

Work = Callable[[State, Host], None]


@operation(is_idempotent=False)
def works(work: Work) -> Generator[FunctionCommand, None, None]:
    """Does what no shell command can; a problem ends the run."""
    yield FunctionCommand(_carefully, (work,), {})


def _carefully(state: State, host: Host, work: Work) -> bool:
    try:
        work(state, host)
    except (BackupError, OSError) as error:
        for line in str(error).splitlines():
            logger.error(f"{host.print_prefix}{line}")
        return False
    return True


@perform.register
def _save(step: Save) -> None:
    works(name=str(step), work=lambda state, host: save(state, host, step.source, step.draft))


@perform.register
def _finish(step: Finish) -> None:
    works(name=str(step), work=lambda state, host: _finished(state, host, step))


def _finished(state: State, host: Host, step: Finish) -> None:
    if not step.archives:  # another host does it for all
        return
    made = step.draft.finish(list(step.archives), cluster=step.cluster)
    to = f", encrypted to {', '.join(made.recipients)}" if made.recipients else ""
    logger.info(f"{host.print_prefix}the backup is in {step.draft.whole}{to}")
    try:
        run(state, host, noted(step.through.cli, made.moment))
    except BackupError as error:  # it is whole all the same
        logger.warning(f"{host.print_prefix}Redis could not be told of the backup: {error}")
    for path in step.draft.prune(step.keep):
        logger.info(f"{host.print_prefix}removed {path}")


def noted(cli: RedisCli, moment: int) -> str:
    """Has Redis know from when its last backup is (unix seconds), for metrics and alerts."""
    return f"{cli('-c', 'hset', BACKUP.key(), 'at', str(moment))} >/dev/null"


def save(state: State, host: Host, source: Source, draft: Draft) -> None:
    """Puts one server's log into the draft: frozen, settled, loaded by a server of its own, which
    is asked what it holds; brought here, and compared file by file.
    """
    instance = source.instance
    folder = f"{instance.data}/backup-{draft.whole.name}"
    try:
        moment = freeze(state, host, instance, folder, source.percentage)
        files, since = aof.summed(run(state, host, aof.summary(instance, folder)))
        held = KeyspaceDigest.model_validate_json(
            run(state, host, with_scratch(instance, folder, "digest"))
        )
        readers, identity = _readers(source)
        with draft.open(source.archive) as file, encrypted(file, readers) as sink:
            whole = sum(each.bytes for each in files.values())
            tell = progress(host, f"{source.archive} ({about(whole)})", whole)
            run(state, host, aof.pack(instance, folder), sink=sink, progress=tell)
    except EncryptionError as error:
        raise BackupError(str(error)) from None
    finally:
        run(state, host, aof.remove(instance, folder))
    path = draft.read(source.archive)
    saved = Saved(
        node=source.name,
        role=source.role,
        slots=source.slots,
        redis=source.redis,
        moment=moment,
        since=since,
        archive=source.archive,
        bytes=path.stat().st_size,
        sha256=sha256(path),
        files=files,
        held=held,
        recipients=source.recipients,
    )
    if problem := contents(path, saved, identity):
        raise BackupError(f"{source.archive}: {problem}; run it again")
    draft.put(saved)
    logger.info(
        f"{host.print_prefix}{source.name}: {held.keys} keys, {held.passing} with a time to live, "
        f"{about(saved.bytes)}"
    )


def _readers(source: Source) -> tuple[tuple[str, ...], str | None]:
    """Whom an archive is encrypted to: those who are named, and this run, which reads it once to
    see that it is whole, and keeps its key nowhere.
    """
    if not source.recipients:
        return (), None
    identity, own = new_identity()
    return (*source.recipients, own), identity


def freeze(state: State, host: Host, instance: Instance, folder: str, percentage: int) -> int:
    """Puts a server's log, as it is now, into a folder of its host; returns when that was. A log
    that can't be loaded is written anew first, from what the server holds.

    Raises:
        BackupError: it can't be frozen, or not be loaded even then.
    """
    for is_last in (False, True):
        linked = run(state, host, aof.freeze(instance, folder, percentage=percentage))
        said = run(state, host, aof.settle(instance, folder)).strip()
        if said == aof.WHOLE:
            return int(linked.split()[-1])
        run(state, host, aof.remove(instance, folder))
        if not is_last:
            logger.warning(f"{host.print_prefix}{instance.name}: its log is torn, and written anew")
            run(state, host, rewrite_log(instance.cli))
    raise BackupError(f"{instance.name}: its log can't be loaded: {said}")


def progress(host: Host, what: str, whole: int) -> Callable[[int], None]:
    """What tells the operator each tenth of a transfer."""
    told = 0

    def tell(done: int) -> None:
        nonlocal told
        tenth = min(10, done * 10 // max(whole, 1))
        if tenth > told:
            told = tenth
            logger.info(f"{host.print_prefix}{what}: {tenth * 10}%")

    return tell
