"""Whether what the ledger says and what is there come out even, in the pictures of a mind."""

from thoughtstream.attention.models import Audit
from thoughtstream.attention.state import MindState

_TIMES = 3
"""A picture may be drawn while things move; so many in a row are no accident."""


class Books:
    """Fed with pictures, look by look."""

    def __init__(self) -> None:
        self._wrong = 0

    def faults(self, state: MindState) -> list[str]:
        """The sums that don't come out, if they didn't the last times either."""
        counts = {**state.ledger, "memories": sum(state.memory_counts.values())}
        flat = [str(part) for pair in counts.items() for part in pair]
        faults = Audit.parse([flat, state.competing, len(state.intervening), 0, 0, []]).faults
        self._wrong = self._wrong + 1 if faults else 0
        return faults if self._wrong >= _TIMES else []
