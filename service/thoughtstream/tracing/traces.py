"""Where a program tells of the thoughts and tasks that pass through it.

A *context* is what travels with a thought or a task, so that spans of different programs find each
other: the value of W3C's header `traceparent`; empty where there is none.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

FIELD = "traceparent"
"""The field in which a thought's context travels: no part of what it says. As in thought.lua."""

Written = tuple[str, str, Mapping[str, str]]
"""A thought that is written: the key of its window, the window's encoded name, its fields."""


class Sent:
    """What is being sent, in order. `contexts`: what is to travel with each of them; empty if
    nothing is.
    """

    contexts: Sequence[str] = ()

    def named(self, ids: Sequence[str | None]) -> None:
        """The ids that they got; None: it was refused."""


class Attempt:
    """One execution of a task."""

    def ended(self, outcome: str, *, well: bool) -> None:
        """It ended so; otherwise it counts as lost."""


class Traces:
    """Tells nothing: for where nobody asks. Times are those of this program's clock."""

    def produce(self, mind: str, thoughts: Sequence[Written]) -> AbstractContextManager[Sent]:
        """Thoughts are written while the context goes on. What caused one is the context that it
        has already, else the span that is current.
        """
        return _SENT

    def attended(self, mind: str, window: str, id: str, context: str, took_s: float) -> None:
        """A thought, that came with this context, was attended in a cycle that has just ended."""

    def anchored(self, mind: str, ids: Sequence[str], took_s: float) -> None:
        """Thoughts became memories in a cycle that has just ended."""

    def submit(self, queue: str, tasks: int) -> AbstractContextManager[Sent]:
        """So many tasks are submitted while the context goes on."""
        return _SENT

    def run(
        self, queue: str, id: str, number: int, context: str
    ) -> AbstractContextManager[Attempt]:
        """A task, that came with this context, is executed while the context goes on."""
        return _ATTEMPT

    def caused_by(self, context: str) -> AbstractContextManager[None]:
        """What happens here is caused by something elsewhere."""
        return _CAUSED


_SENT = nullcontext(Sent())
_ATTEMPT = nullcontext(Attempt())
_CAUSED = nullcontext()

NOTHING = Traces()
