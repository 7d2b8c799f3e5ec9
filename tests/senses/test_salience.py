"""The rules of salience: pure, deterministic, in their ranges, and saying what they claim."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtstream.senses import salience
from thoughtstream.senses.salience import Expectation, Told

numbers = st.floats(-1e9, 1e9)


def usual(*values: float) -> Expectation:
    expected = Expectation()
    for value in values:
        expected = expected.after(value)
    return expected


@given(st.lists(numbers, max_size=50), numbers, st.floats(1e-3, 1e3))
def test_a_reading_is_from_0_to_1(before: list[float], value: float, least: float) -> None:
    assert 0 <= salience.of_reading(usual(*before), value, least=least) <= 1


@pytest.mark.parametrize(("deviations", "expected"), [(0, 0), (1, 0.25), (2, 4 / 7), (3, 0.75)])
def test_a_reading_is_as_salient_as_it_is_far_from_the_mean(
    deviations: float, expected: float
) -> None:
    known = Expectation(mean=50, variance=16, seen=100)
    for direction in (1, -1):
        value = 50 + direction * deviations * 4
        assert salience.of_reading(known, value, least=1) == pytest.approx(expected)


def test_what_nothing_was_expected_of_is_no_sensation() -> None:
    assert salience.of_reading(Expectation(), 1e9, least=1) == 0
    assert salience.of_reading(usual(10), 90, least=1) > 0.9


def test_a_twitch_of_a_still_signal_is_no_sensation() -> None:
    still = usual(*[40.0] * 50)
    assert salience.of_reading(still, 40.1, least=1) < 0.01
    assert salience.of_reading(still, 50, least=1) > 0.9


def test_what_stays_becomes_usual() -> None:
    expected = usual(*[10.0] * 50)
    surprises = []
    for _ in range(50):
        surprises.append(salience.of_reading(expected, 90, least=1))
        expected = expected.after(90)
    assert surprises[0] > 0.9
    assert surprises[-1] < 0.3
    assert surprises == sorted(surprises, reverse=True)


@given(st.lists(st.floats(-1000, 1000), min_size=2, max_size=salience.USUAL_READINGS))
def test_the_first_readings_count_alike(values: list[float]) -> None:
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / len(values)
    expected = usual(*values)
    assert expected.mean == pytest.approx(mean, abs=1e-6)
    assert expected.variance == pytest.approx(variance, rel=1e-6, abs=1e-6)


@given(st.floats(0, 1), st.integers(1, 10**6))
def test_an_event_is_less_salient_each_time_but_never_nothing(weight: float, times: int) -> None:
    now = salience.of_event(weight, times)
    assert 0.25 * weight <= now <= weight
    assert salience.of_event(weight, times + 1) <= now
    assert salience.of_event(weight, 1) == weight


parts = st.builds(Told, *[st.floats(0, 1)] * len(Told._fields))


@given(parts)
def test_a_text_is_from_0_3_to_0_9(told: Told) -> None:
    assert salience.TEXT_LEAST <= salience.of_text(told) <= salience.TEXT_MOST


@given(parts, st.sampled_from(Told._fields), st.floats(0, 1))
def test_a_text_that_tells_more_of_anything_is_no_less_salient(
    told: Told, part: str, value: float
) -> None:
    less, more = sorted((value, getattr(told, part)))
    assert salience.of_text(told._replace(**{part: less})) <= salience.of_text(
        told._replace(**{part: more})
    )


def test_a_text_that_tells_nothing_has_the_least() -> None:
    assert salience.of_text(Told(0, 0, 0, 0, 0)) == salience.TEXT_LEAST
