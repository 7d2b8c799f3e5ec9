"""The lock of a cluster or a server: acquired before the first change, released after the last."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from pyinfra import logger
from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host, state

from deploy.cluster.lock import Lock, acquire, refusal, release
from deploy.facts.cluster import LockFact
from deploy.layout import LOCK
from deploy.operations.cluster import barrier
from deploy.operations.gates import fails


@contextmanager
def locked(verb: str, first: str, path: str = LOCK) -> Iterator[None]:
    """What is added to the run inside is done under the lock. Every host comes through here; the
    `first` one decides between two runs that begin at once. `path`: that of the host's layout.
    """
    own = Lock.own(verb)
    decide = f"take the lock for deploy.{verb}"
    if host.name == first:
        acquire_lock(name=decide, lock=own, path=path)
    barrier(name=f"{decide}: {first} is locked")
    if host.name != first:
        acquire_lock(name=f"{decide}, here too", lock=own, path=path)
    barrier(name=f"{decide}: all hosts are locked")
    yield
    barrier(name=f"deploy.{verb} is done")
    release_lock(name="release the lock", lock=own, path=path)


def found_lock(path: str) -> tuple[bool, Lock | None]:
    """Whether the host is locked, and by whom."""
    text = host.get_fact(LockFact, path)
    return text is not None, Lock.parse(text or "")


@operation()
def acquire_lock(lock: Lock, path: str) -> Generator[StringCommand, None, None]:
    """Locks the host; or says who has locked it, and ends the run."""
    if not state.is_executing:
        yield StringCommand(acquire(lock, path))
        return
    there, found = found_lock(path)
    if there and not (found and found.is_stale()):
        yield from _refuse(found, path)
        return
    if found:
        logger.info(f"{host.print_prefix}taking over a stale lock: {found}")
        lock = lock.resuming(found)
        yield StringCommand(release(path))
    yield StringCommand(acquire(lock, path))


@operation()
def release_lock(lock: Lock, path: str) -> Generator[StringCommand, None, None]:
    """Unlocks the host, if the lock is this run's."""
    if state.is_executing:
        _, found = found_lock(path)
        if found is None or not found.same_run(lock):
            yield from _refuse(found, path)
            return
    yield StringCommand(release(path))


def _refuse(found: Lock | None, path: str) -> Iterator[StringCommand]:
    return fails(*refusal(host.name, found, path).splitlines())
