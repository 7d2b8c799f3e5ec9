"""Carrying out steps. Each kind of step has one function; pyinfra's own operations do the work
wherever there is one.
"""

from collections.abc import Iterable
from zlib import crc32

from pyinfra.context import host

from deploy.cluster.barrier import Barrier
from deploy.operations import (  # noqa: F401  (they register)
    cluster,
    containers,
    filesystem,
    gaps,
    live_changes,
    packages,
    passwords,
    units,
)
from deploy.operations.dispatch import perform
from deploy.steps import Step


def carry_out(steps: Iterable[Step]) -> None:
    """Adds the steps to pyinfra's run, in their order.

    pyinfra tells operations apart by the calling line and the position in a loop. Hosts have
    different plans, so the position is derived from the step's own name: the same step on several
    hosts is one operation, and different steps never are. Nor are steps on either side of a
    barrier: there, each host has its turn.
    """
    passed = ""
    for step in steps:
        host.loop_position.append(crc32(f"{passed}{step}".encode()))
        try:
            perform(step)
        finally:
            host.loop_position.pop()
        if isinstance(step, Barrier):
            passed = str(step)
