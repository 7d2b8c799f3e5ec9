"""`deploy.restart` of one server: nobody serves clients until it has loaded its data. Pure."""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from deploy.rollouts.hosts import HostState
from deploy.runtimes.embedded import Embedded
from deploy.servers.checks import require_healthy
from deploy.steps import NoteStop, RewriteLog, Step, TellGap


def restart(known: HostState) -> list[Step]:
    """What Redis acknowledged is in its log before it stops; nobody is served until it is back."""
    require_healthy(known)
    why = "deploy.restart; nobody is served until it answers again"
    return [*timed(known.runtime.restart(None, why)), known.runtime.healthy()]


def restart_at_home(runtime: Embedded) -> list[Step]:
    """The same for a mind of one's own: its service and its Redis are one."""
    return runtime.again()


def timed(steps: Sequence[Step]) -> Iterator[Step]:
    """A restart, with how long Redis was away told at the end."""
    before = list(takewhile(lambda step: isinstance(step, RewriteLog), steps))
    yield from (*before, NoteStop(), *steps[len(before) :], TellGap())
