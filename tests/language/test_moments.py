"""Moments, however programs write them."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtstream.language import moments
from thoughtstream.language.moments import first_moment, local_day, milliseconds


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1684300000000", 1684300000000),
        ("1684300000", 1684300000000),
        ("1684300000.5", 1684300000500),
        ("3000", 3000),
        ("2023-05-17T05:06:40Z", 1684300000000),
        ("2023-05-17 07:06:40.25+02:00", 1684300000250),
        (" 20230517T050640Z ", 1684300000000),
        ("2023/05/17 05:06:40Z", 1684300000000),
        ("Wed, 17 May 2023 07:06:40 +0200", 1684300000000),
        ("17 May 2023 05:06:40 GMT", 1684300000000),
        ("99 May 2023 05:06:40 GMT", None),
        ("Wed, 17 May 2023", None),
        ("9" * 19, None),
        ("-5", None),
        ("0001-01-01", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_moments(text: str, ms: int | None) -> None:
    assert milliseconds(text) == ms


def test_without_a_zone_it_is_local() -> None:
    ms = milliseconds("2023-05-17T10:00:00")
    assert ms == datetime(2023, 5, 17, 10).timestamp() * 1000
    assert ms is not None and local_day(ms) == date(2023, 5, 17)


def test_a_small_number_is_no_moment() -> None:
    assert first_moment([None, 7, "x", 1684300000, "2001-01-01"]) == 1684300000000
    assert first_moment([]) is None


@given(st.text() | st.from_regex(moments._OF_MAIL) | st.from_regex(moments._SLASHES))
def test_any_text_is_a_moment_or_none(text: str) -> None:
    ms = milliseconds(text)
    assert ms is None or local_day(ms) is None or isinstance(local_day(ms), date)
