"""How often something may be done, and how that is told: a problem with Retry-After, and the fields
RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers).
"""

import math
from collections.abc import Callable

from thoughtstream.faces.web import problems
from thoughtstream.faces.web.limits.bucket import Bucket
from thoughtstream.faces.web.problems import Problem

Clock = Callable[[], float]
"""Seconds, of a clock that is never set back."""


class Limit:
    """So many a second in the long run, `burst` at once. `setting`: which says so."""

    def __init__(self, name: str, setting: str, per_s: int, burst: int, clock: Clock) -> None:
        self._name = name
        self._setting = setting
        self._per_s = per_s
        self._clock = clock
        self._bucket = Bucket(per_s, burst, clock())
        self.policy = f'"{name}";q={burst};w={math.ceil(burst / per_s)}'

    def take(self, amount: int = 1) -> None:
        """Do it so often.

        Raises:
            Problem: it is too much for now; nothing was taken.
        """
        wait_s = math.ceil(self._bucket.take(amount, self._clock()))
        if wait_s:
            said = {"Retry-After": str(wait_s), "RateLimit": f'"{self._name}";r=0;t={wait_s}'}
            raise Problem(
                problems.TOO_MANY,
                f"{self._per_s:,} {self._name} a second are a token's most ({self._setting}); ask "
                f"again in {wait_s} s",
                headers=said,
            )

    @property
    def left(self) -> str:
        """What is left, as RateLimit has it."""
        now_s = self._clock()
        left, full_in_s = self._bucket.left(now_s), self._bucket.full_in_s(now_s)
        return f'"{self._name}";r={max(int(left), 0)};t={math.ceil(full_in_s)}'

    @property
    def is_untouched(self) -> bool:
        """Whether a new one would say the same."""
        return self._bucket.full_in_s(self._clock()) == 0


class Unlimited:
    """As often as you like."""

    policy = left = ""
    is_untouched = True

    def take(self, amount: int = 1) -> None:
        """Do it so often."""


def limit(name: str, setting: str, per_s: int, burst: int, clock: Clock) -> Limit | Unlimited:
    """A limit; `per_s` of 0: none."""
    return Limit(name, setting, per_s, burst, clock) if per_s else Unlimited()
