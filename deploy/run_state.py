"""What one run of pyinfra finds out or decides once, for all of its hosts.

pyinfra calls a verb for each host, side by side. Whoever comes first reads, plans or names a thing
that is everybody's; all others wait for that, and get the same.
"""

from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from threading import Lock
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from pyinfra.api.inventory import Inventory
from pyinfra.context import state

T = TypeVar("T")


class RunState:
    """The state of one run."""

    def __init__(self) -> None:
        self.stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
        """One name for what the run makes on all its hosts."""
        self.inventory = ""
        """The name of the inventory's file."""
        self._made: dict[Hashable, object] = {}
        self._locks: dict[Hashable, Lock] = {}

    def once(self, what: Hashable, make: Callable[[], T]) -> T:
        """What `make` returned to whoever asked first. Where it raises, the next one tries."""
        with self._locks.setdefault(what, Lock()):
            if what not in self._made:
                self._made[what] = make()
            return cast(T, self._made[what])


_RUNS: WeakKeyDictionary[Inventory, RunState] = WeakKeyDictionary()


def run_state(inventory: Inventory | None = None) -> RunState:
    """The state of the run of an inventory, or of the one that pyinfra is in."""
    return _RUNS.setdefault(inventory or state.inventory, RunState())
