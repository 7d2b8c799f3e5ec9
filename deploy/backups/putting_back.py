"""Steps of a restore, carried out."""

from functools import cache

from pyinfra import logger
from pyinfra.api.host import Host
from pyinfra.api.state import State

from deploy.backups import scripts
from deploy.backups.manifest import Held, together
from deploy.backups.operations import progress, works
from deploy.backups.shelf import BackupError
from deploy.backups.steps import Bring, Carry, Compare, Empty, SetAside, Share
from deploy.backups.wire import run
from deploy.operations.dispatch import perform
from deploy.quantities import about


@cache
def tried() -> dict[str, Held]:
    """What each archive held when this run tried it: all hosts' shares, by archive."""
    return {}


@perform.register
def _bring(step: Bring) -> None:
    works(name=str(step), work=lambda state, host: _bring_all(state, host, step))


def _bring_all(state: State, host: Host, step: Bring) -> None:
    for place in dict.fromkeys(share.place for share in step.shares):
        run(state, host, scripts.tidy(place))
    for share in step.shares:
        _bring_one(state, host, share, step.until)


def _bring_one(state: State, host: Host, share: Share, until: int | None) -> None:
    saved, place, folder = share.saved, share.place, share.folder
    tell = progress(host, f"{saved.archive} ({about(saved.bytes)})", saved.bytes)
    with share.archive.open("rb") as archive:
        run(state, host, scripts.unpack(place, folder), source=archive, progress=tell)
    files, _ = scripts.summed(run(state, host, scripts.summary(place, folder)))
    if wrong := sorted(name for name, file in saved.files.items() if files.get(name) != file):
        raise BackupError(f"{saved.archive}: {', '.join(wrong)} came damaged; run it again")
    run(state, host, scripts.check(place, folder, until=until))
    held = Held.model_validate_json(run(state, host, scripts.with_scratch(place, folder, "digest")))
    if until is None and (lines := saved.held.differences(held)):
        raise BackupError("\n".join([f"{saved.archive}: isn't what was saved", *lines]))
    tried()[saved.archive] = held
    logger.info(f"{host.print_prefix}{saved.archive}: {held.keys} keys, as it should be")


@perform.register
def _aside(step: SetAside) -> None:
    def work(state: State, host: Host) -> None:
        for place in step.places:
            folder = f"{place.data}/{step.name}"
            freeze = scripts.freeze(place, folder, percentage=step.percentage)
            run(state, host, freeze)
            run(state, host, scripts.settle(place, folder))

    works(name=str(step), work=work)


@perform.register
def _empty(step: Empty) -> None:
    def work(state: State, host: Host) -> None:
        for place in step.places:
            master = f"{place.cli('info', 'replication')} | grep -q '^role:master'"
            run(state, host, f"if {master}; then {place.cli('flushall', 'sync')}; fi")

    works(name=str(step), work=work)


@perform.register
def _carry(step: Carry) -> None:
    def work(state: State, host: Host) -> None:
        for share in step.shares:
            place, folder = share.place, share.folder
            copy = ["copy", *place.server(), *(["--cluster"] if step.cluster else [])]
            run(state, host, scripts.with_scratch(place, folder, *copy, server=True))
            run(state, host, scripts.forget(place, folder))
            logger.info(f"{host.print_prefix}{share.saved.archive}: carried over")

    works(name=str(step), work=work)


@perform.register
def _compare(step: Compare) -> None:
    works(name=str(step), work=lambda state, host: _compare_all(state, host, step))


def _compare_all(state: State, host: Host, step: Compare) -> None:
    place = step.place
    if place is None:
        return
    cluster = ["--cluster"] if step.cluster else []
    command = place.program("digest", *place.server(), *cluster, server=True)
    now = Held.model_validate_json(run(state, host, command))
    wanted = together([tried()[archive] for archive in step.archives])
    if lines := wanted.differences(now):
        kept = f"; what was there before is in {step.aside}" if step.aside else ""
        raise BackupError("\n".join([f"the server isn't what was restored{kept}", *lines]))
    logger.info(
        f"{host.print_prefix}restored: {now.keys} keys, the same by value, and {now.passing} with "
        "a time to live"
    )
