"""`since` and `until`: a day means all of it, and what recall shows of a memory finds it again."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recall.servers import anchor
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought
from thoughtstream.memory.query import InvalidRecall, RecallQuery, moment

NOON = datetime(2023, 5, 17, 12, 0, 0, 500_000)


def bounds(**given_: Any) -> tuple[datetime | None, datetime | None]:
    filters = RecallQuery.of("x", **given_).filters
    since, until = (
        None if ms is None else datetime.fromtimestamp(ms / 1000)
        for ms in (filters.since, filters.until)
    )
    return since, until


@pytest.mark.parametrize("day", ["2023-05-17", date(2023, 5, 17)])
def test_a_day_means_all_of_it(day: Any) -> None:
    begin = datetime(2023, 5, 17)
    assert bounds(since=day, until=day) == (begin, begin + timedelta(days=1, milliseconds=-1))


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2023-05-17 10:20", datetime(2023, 5, 17, 10, 20, 59, 999_000)),
        ("2023-05-17T10:20:30", datetime(2023, 5, 17, 10, 20, 30, 999_000)),
        ("2023-05-17T10:20:30.25", datetime(2023, 5, 17, 10, 20, 30, 250_000)),
    ],
)
def test_so_does_a_minute_or_a_second(text: str, end: datetime) -> None:
    assert bounds(until=text) == (None, end)
    assert moment(text, is_end=True) == end


def test_a_zone_counts_and_a_datetime_is_exact() -> None:
    assert bounds(until="2023-05-17 10:20Z") == bounds(until="2023-05-17 12:20+02:00")
    assert bounds(since=NOON, until=NOON) == (NOON, NOON)


@pytest.mark.parametrize("text", ["yesterday", "2023-05-1", "2023-13-01", "2023-05-17 25:00", ""])
@pytest.mark.parametrize("is_end", [True, False])
def test_what_is_no_moment_is_told(text: str, is_end: bool) -> None:
    with pytest.raises(InvalidRecall):
        moment(text, is_end=is_end)


@given(st.datetimes(datetime(1975, 1, 1), datetime(2100, 1, 1)))
def test_what_a_line_shows_has_it_between(said: datetime) -> None:
    shown = said.strftime("%Y-%m-%d %H:%M:%S")
    said_at = round(said.timestamp() * 1000 - 0.5)
    filters = RecallQuery.of(
        "x", since=moment(shown, is_end=False), until=moment(shown, is_end=True)
    ).filters
    assert filters.since is not None and filters.until is not None
    assert filters.since <= said_at <= filters.until


async def test_history_is_found_by_its_day_as_a_line_shows_it(mind: Mind) -> None:
    await anchor(mind, [NewThought.of("the pear tree fell", at=str(int(NOON.timestamp() * 1000)))])
    for day in ("2023-05-17", "2023-05-17 12:00", "2023-05-17 12:00:00"):
        until = moment(day, is_end=True)
        assert len(await mind.recall("pear", since=moment(day, is_end=False), until=until)) == 1
    assert await mind.recall("pear", until=moment("2023-05-16", is_end=True)) == []
    assert await mind.recall("pear", since=moment("2023-05-18", is_end=False)) == []
    assert len(await mind.recall("pear", on="2023-05-15 to 2023-05-18")) == 1
    assert await mind.recall("pear", on="2023-05-15 to 2023-05-16") == []
    [found] = await mind.recall("when did the pear tree fall in May 2023?", explain=True)
    assert "day" in {reason.feature for reason in found.reasons}
