"""A bucket gives what a plain model gives, that counts tick by tick."""

from hypothesis import given
from hypothesis import strategies as st

from thoughtstream.faces.web.limits.bucket import Bucket

Takes = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), max_size=40)
"""After how many ticks, and how much."""

RATES = st.sampled_from([1, 2, 64, 1024])
"""A second: with these, a tick of one is exact in floating point."""


class Ticking:
    """One comes back each tick, up to `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._left = most

    def tick(self) -> None:
        self._left = min(self._most, self._left + 1)

    def take(self, amount: int) -> int:
        """0, or after how many ticks it can be."""
        missing = min(amount, self._most) - self._left
        if missing > 0:
            return missing
        self._left -= amount
        return 0


@given(rate=RATES, most=st.integers(1, 50), takes=Takes)
def test_it_gives_what_a_plain_model_gives(
    rate: int, most: int, takes: list[tuple[int, int]]
) -> None:
    began_s, ticks = 1000.0, 0
    bucket, model = Bucket(rate, most, began_s), Ticking(most)
    for pause, amount in takes:
        for _ in range(pause):
            model.tick()
        ticks += pause
        assert bucket.take(amount, began_s + ticks / rate) * rate == model.take(amount)


@given(rate=RATES, most=st.integers(1, 50), takes=Takes)
def test_no_more_than_it_holds_and_what_came_back_is_given_away(
    rate: int, most: int, takes: list[tuple[int, int]]
) -> None:
    bucket, ticks, given_away = Bucket(rate, most, 0.0), 0, 0
    for pause, amount in takes:
        ticks += pause
        wanted = min(amount, most)
        if not bucket.take(wanted, ticks / rate):
            given_away += wanted
        assert given_away <= most + ticks


@given(rate=RATES, most=st.integers(1, 50), takes=Takes)
def test_who_waits_as_long_as_he_is_told_gets_it(
    rate: int, most: int, takes: list[tuple[int, int]]
) -> None:
    bucket, now_s = Bucket(rate, most, 0.0), 0.0
    for pause, amount in takes:
        now_s += pause / rate
        if wait_s := bucket.take(amount, now_s):
            now_s += wait_s
            assert bucket.take(amount, now_s) == 0


def test_it_is_full_again_when_it_says() -> None:
    bucket = Bucket(4, 8, 0.0)
    bucket.take(20, 0.0)
    assert (bucket.left(0.0), bucket.full_in_s(0.0)) == (-12, 5.0)
    assert (bucket.left(5.0), bucket.full_in_s(9.0)) == (8, 0.0)
