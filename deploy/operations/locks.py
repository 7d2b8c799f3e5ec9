"""The lock of a cluster, taken before the first change and given back after the last."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from pyinfra import logger
from pyinfra.api.command import StringCommand
from pyinfra.api.operation import operation
from pyinfra.context import host, state

from deploy.cluster.lock import PATH, Lock, refusal, release, take
from deploy.facts.cluster import LockFact
from deploy.operations.cluster import barrier
from deploy.operations.gates import fails


@contextmanager
def locked(verb: str, first: str) -> Iterator[None]:
    """What is added to the run meanwhile is done under the lock. Every host comes by here; `first`
    is the host that decides between two who begin at once.
    """
    own = Lock.own(verb)
    decide = f"lock the cluster for deploy.{verb}"
    if host.name == first:
        acquire_lock(name=decide, lock=own)
    barrier(name=f"{decide}: {first} has it")
    if host.name != first:
        acquire_lock(name=f"{decide}, too", lock=own)
    barrier(name=f"{decide}: all have it")
    yield
    barrier(name=f"deploy.{verb} is done")
    release_lock(name="give the lock back", lock=own)


def found_lock() -> tuple[bool, Lock | None]:
    """Whether there is a lock on the host, and what it says."""
    text = host.get_fact(LockFact, PATH)
    return text is not None, Lock.parse(text or "")


@operation()
def acquire_lock(lock: Lock) -> Generator[StringCommand, None, None]:
    """Locks the host, or says who has it, and ends the run."""
    if not state.is_executing:
        yield StringCommand(take(lock))
        return
    there, found = found_lock()
    if there and not (found and found.is_stale()):
        yield from _refuse(found)
        return
    if found:
        logger.info(f"{host.print_prefix}taking over what was left: {found}")
        lock = lock.resuming(found)
        yield StringCommand(release())
    yield StringCommand(take(lock))


@operation()
def release_lock(lock: Lock) -> Generator[StringCommand, None, None]:
    """Unlocks the host, if the lock is this run's."""
    if state.is_executing:
        _, found = found_lock()
        if found is None or not found.same_run(lock):
            yield from _refuse(found)
            return
    yield StringCommand(release())


def _refuse(found: Lock | None) -> Iterator[StringCommand]:
    return fails(*refusal(host.name, found).splitlines())
