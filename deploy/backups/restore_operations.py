"""The steps of a restore, carried out."""

from pyinfra import logger
from pyinfra.api.host import Host
from pyinfra.api.state import State

from deploy.backups import append_only_file as aof
from deploy.backups import point_in_time
from deploy.backups.encryption import EncryptionError, plain
from deploy.backups.manifest import KeyspaceDigest, combined
from deploy.backups.repository import BackupError
from deploy.backups.restore_steps import Compare, CopyKeys, Empty, SetAside, Share, Upload
from deploy.backups.save_operations import freeze, progress, works
from deploy.backups.scratch_server import PROGRAM, with_scratch
from deploy.backups.transfer import run
from deploy.operations.dispatch import perform
from deploy.quantities import about
from deploy.run_state import run_state


def _uploaded() -> dict[str, KeyspaceDigest]:
    """What each archive held when this run verified it: all hosts' shares, by archive."""
    return run_state().once("uploaded archives", dict[str, KeyspaceDigest])


@perform.register
def _upload(step: Upload) -> None:
    works(name=str(step), work=lambda state, host: _upload_all(state, host, step))


def _upload_all(state: State, host: Host, step: Upload) -> None:
    for instance in dict.fromkeys(share.instance for share in step.shares):
        run(state, host, aof.tidy(instance))
    for share in step.shares:
        _upload_one(state, host, share, step.until)


def _upload_one(state: State, host: Host, share: Share, until: int | None) -> None:
    saved, instance, folder = share.saved, share.instance, share.folder
    tell = progress(host, f"{saved.archive} ({about(saved.bytes)})", saved.bytes)
    try:
        with plain(share.archive, saved.recipients, share.identity) as archive:
            run(state, host, aof.unpack(instance, folder), source=archive, progress=tell)
    except EncryptionError as error:
        raise BackupError(f"{saved.archive}: {error}") from None
    files, _ = aof.summed(run(state, host, aof.summary(instance, folder)))
    if wrong := sorted(name for name, file in saved.files.items() if files.get(name) != file):
        raise BackupError(f"{saved.archive}: {', '.join(wrong)} arrived damaged; run it again")
    run(state, host, point_in_time.cut(instance, folder, until))
    held = KeyspaceDigest.model_validate_json(
        run(state, host, with_scratch(instance, folder, "digest"))
    )
    compares = until is None and not saved.foreign
    if compares and (lines := saved.held.differences(held)):
        raise BackupError("\n".join([f"{saved.archive}: does not hold what was saved", *lines]))
    _uploaded()[saved.archive] = held
    logger.info(f"{host.print_prefix}{saved.archive}: {held.keys} keys, verified")


@perform.register
def _aside(step: SetAside) -> None:
    def work(state: State, host: Host) -> None:
        for instance in step.instances:
            folder = f"{instance.data}/{step.name}"
            freeze(state, host, instance, folder, step.percentage)

    works(name=str(step), work=work)


@perform.register
def _empty(step: Empty) -> None:
    def work(state: State, host: Host) -> None:
        for instance in step.instances:
            master = f"{instance.cli('info', 'replication')} | grep -q '^role:master'"
            run(state, host, f"if {master}; then {instance.cli('flushall', 'sync')}; fi")

    works(name=str(step), work=work)


@perform.register
def _copy(step: CopyKeys) -> None:
    def work(state: State, host: Host) -> None:
        for share in step.shares:
            instance, folder = share.instance, share.folder
            copy = ["copy", *instance.endpoint(), *(["--cluster"] if step.cluster else [])]
            run(state, host, with_scratch(instance, folder, *copy, server=True))
            run(state, host, aof.remove(instance, folder))
            logger.info(f"{host.print_prefix}{share.saved.archive}: keys copied")

    works(name=str(step), work=work)


@perform.register
def _compare(step: Compare) -> None:
    works(name=str(step), work=lambda state, host: _compare_all(state, host, step))


def _compare_all(state: State, host: Host, step: Compare) -> None:
    instance = step.instance
    if instance is None:
        return
    cluster = ["--cluster"] if step.cluster else []
    command = instance.python(PROGRAM, "digest", *instance.endpoint(), *cluster, server=True)
    now = KeyspaceDigest.model_validate_json(run(state, host, command))
    wanted = combined([_uploaded()[archive] for archive in step.archives])
    if lines := wanted.differences(now):
        kept = f"; what was there before is in {step.aside}" if step.aside else ""
        raise BackupError("\n".join([f"the server does not hold what was restored{kept}", *lines]))
    logger.info(
        f"{host.print_prefix}restored: {now.keys} keys with the same values, and {now.passing} "
        "with a time to live"
    )
