"""What is wrong with something that is watched: told when it begins and when it is over."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from thoughtstream.discretion import without_secrets
from thoughtstream.faces.web.watching.events import event

What = Literal["redis", "nobody_attends", "full", "ledger", "slow", "fault"]
"""Redis is away; no service lives; Redis takes nothing new; the ledger doesn't balance; attention
is late; something foreign is in the mind's keys.
"""

EVERY: tuple[What, ...] = get_args(What)
Found = Mapping[What, tuple[str, str]]
"""What is wrong, each with its detail and cure."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble. `since_ms`: by the server's clock."""

    what: What
    since_ms: int
    detail: str
    cure: str


class Troubles:
    """Those that there are."""

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        self._clock_ms = clock_ms
        self._known = dict[What, Trouble]()

    def are(self, found: Found, among: Iterable[What] = EVERY) -> list[bytes]:
        """Among these there are those that were found, and no others; returns the events."""
        said = [
            self._found(what, *found[what]) if what in found else self._over(what) for what in among
        ]
        return [told for told in said if told is not None]

    def _found(self, what: What, detail: str, cure: str) -> bytes | None:
        if what in self._known:
            return None
        self._known[what] = Trouble(what, self._clock_ms(), without_secrets(detail), cure)
        return _told(self._known[what])

    def _over(self, what: What) -> bytes | None:
        was = self._known.pop(what, None)
        if was is None:
            return None
        return event("recovered", asdict(was) | {"now_ms": self._clock_ms()})

    def told(self) -> list[bytes]:
        """An event each."""
        return [_told(trouble) for trouble in self._known.values()]


def _told(trouble: Trouble) -> bytes:
    return event("trouble", asdict(trouble))
