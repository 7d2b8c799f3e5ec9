"""What a sense may tell, so that a host left alone does not fill memory: a thought that competes
with nothing is attended and becomes a memory, however little it says.
"""

from dataclasses import dataclass

CONSEQUENCE = 0.3
"""A sensation less salient than this is of no consequence and is never told."""

AT_ONCE = 30.0
"""How many sensations a sense may tell at once, …"""

REFILL_S = 300.0
"""… and in how many seconds it may tell one more."""


@dataclass
class Budget:
    """What one sense may still tell. The less there is left, the more salient a sensation must be:
    so it is spent on what stands out, and what is usual on this host stays untold.
    """

    left: float = AT_ONCE
    at: float | None = None

    def allows(self, salience: float, now: float) -> bool:
        """Whether a sensation is told, at a time in seconds; it is then counted."""
        if self.at is not None:
            self.left = min(AT_ONCE, self.left + (now - self.at) / REFILL_S)
        self.at = now
        spent = 1 - self.left / AT_ONCE
        if self.left < 1 or salience < CONSEQUENCE + (1 - CONSEQUENCE) * spent:
            return False
        self.left -= 1
        return True
