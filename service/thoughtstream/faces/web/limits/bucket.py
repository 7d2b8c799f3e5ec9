"""A token bucket: what is taken out comes back by and by."""


class Bucket:
    """Holds up to `most`, of which `per_s` come back each second; full at first. Times in seconds,
    of any clock that is not set back.
    """

    __slots__ = ("_at_s", "_left", "_most", "_per_s")

    def __init__(self, per_s: float, most: float, now_s: float) -> None:
        self._per_s = per_s
        self._most = most
        self._left = most
        self._at_s = now_s

    def take(self, amount: float, now_s: float) -> float:
        """Take an amount out: 0.0, or the seconds after which it can be, and nothing is taken.

        More than it holds can be taken when it is full, and is owed: it is never for ever too much.
        """
        missing = min(amount, self._most) - self.left(now_s)
        if missing > 0:
            return missing / self._per_s
        self._left -= amount
        return 0.0

    def left(self, now_s: float) -> float:
        """How much is in it; below 0: so much is owed."""
        self._left = min(self._most, self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        return self._left

    def full_in_s(self, now_s: float) -> float:
        """After how many seconds it will be full."""
        return (self._most - self.left(now_s)) / self._per_s
