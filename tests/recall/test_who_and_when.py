"""Memories know who said them, when, and which days they are about; and recall asks for it."""

from datetime import UTC, date, datetime
from typing import Any, cast

import pytest

from tests.recall.conftest import Place
from tests.recall.servers import anchor
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought
from thoughtstream.language.times import Span
from thoughtstream.memory.models import Recalled
from thoughtstream.memory.query import InvalidRecall, RecallQuery

SAID = (
    ("Ana Souza", "2023-05-17", "last Friday I swam in the lake"),
    ("Ben", "2023-05-18", "I swam in the sea, and on 1 June I will swim again"),
    ("Zoë", "2023-07-02", "I don't swim"),
    ("Ana Souza", "2023-08-01", "there is a swimming pool"),
)


async def remember(mind: Mind) -> None:
    await anchor(
        mind,
        [NewThought.of(text, speaker=who, at=f"{day}T10:00:00") for who, day, text in SAID],
    )


def whose(answer: list[Recalled]) -> set[tuple[str | None, date]]:
    return {(m.speaker, datetime.fromtimestamp(m.said_at / 1000).date()) for m in answer}


ANA, BEN = ("Ana Souza", date(2023, 5, 17)), ("Ben", date(2023, 5, 18))
ZOE, ANA_LATER = ("Zoë", date(2023, 7, 2)), ("Ana Souza", date(2023, 8, 1))


async def test_an_answer_says_who_when_and_about_when(mind: Mind) -> None:
    await remember(mind)
    [memory] = await mind.recall("lake", limit=1)
    assert (memory.speaker, memory.about) == ("Ana Souza", (Span(*[date(2023, 5, 12)] * 2),))
    assert memory.said_at == datetime(2023, 5, 17, 10).timestamp() * 1000
    assert memory.fields["at"] == str(memory.said_at)
    assert memory.model_dump(mode="json")["about"] == [["2023-05-12", "2023-05-12"]]


async def test_by_whom(mind: Mind) -> None:
    await remember(mind)
    assert whose(await mind.recall("swim", who="ana")) == {ANA, ANA_LATER}
    assert whose(await mind.recall("swim", who="zoe")) == {ZOE}
    assert await mind.recall("swim", who="nobody") == []


async def test_by_the_time_it_has_of_its_own(mind: Mind) -> None:
    """Not by that of its import."""
    await remember(mind)
    since, until = datetime(2023, 5, 18, 10), datetime(2023, 7, 2, 10)
    assert whose(await mind.recall("swim", since=since, until=until)) == {BEN, ZOE}
    assert whose(await mind.recall("swim", until=since)) == {ANA, BEN}
    assert whose(await mind.recall("swim", since=until)) == {ZOE, ANA_LATER}
    assert await mind.recall("swim", since=datetime(2024, 1, 1)) == []


@pytest.mark.parametrize(
    ("on", "found"),
    [
        (date(2023, 5, 17), {ANA}),
        (datetime(2023, 5, 17, 3), {ANA}),
        ("2023-05-12", {ANA}),
        ("12 May 2023", {ANA}),
        ("1. Juni 2023", {BEN}),
        ("July 2023", {ZOE}),
        ("in 2023", {ANA, BEN, ZOE, ANA_LATER}),
        ("2023-05-16", set()),
    ],
)
async def test_on_a_day_or_about_it(
    mind: Mind, on: date | str, found: set[tuple[str | None, date]]
) -> None:
    await remember(mind)
    assert whose(await mind.recall("swim", on=on)) == found


@pytest.mark.parametrize(
    "told",
    [
        {"said_at": "2023-05-17T10:00:00"},
        {"timestamp": "2023-05-17T10:00:00"},
        {"at": "2023-05-17T10:00:00"},
        {"at": str(round(datetime(2023, 5, 17, 10).timestamp()))},
    ],
    ids=str,
)
async def test_memories_that_are_there_already_and_foreign_ones(
    mind: Mind, place: Place, told: dict[str, str]
) -> None:
    """An earlier version wrote no `at` for conversations; others write it as they like."""
    entry, key = "1795000000000-0", "memory:{ana}:item:1795000000000-0@sensory"
    fields = {"id": f"{entry}@sensory", "content": "Ana swam yesterday", **told}
    with place.server.client() as client:
        client.xadd("memory:{ana}:episodic", fields, id=entry)
        client.hset(key, mapping={**fields, "kind": "episodic", "entry": entry})
    answer = await mind.recall("swam", on=date(2023, 5, 16))
    assert whose(answer) == {(None, date(2023, 5, 17))}


async def test_any_time_is_survived(mind: Mind) -> None:
    odd = ("9" * 18, "x", "", "0")
    await anchor(mind, [NewThought.of("a fig yesterday", at=at) for at in odd])
    answer = await mind.recall("fig")
    assert len(answer) == len(odd)
    assert [m.about for m in answer if m.said_at == int("9" * 18)] == [()]
    assert await mind.recall("fig", on=date(1960, 1, 1)) == []
    assert len(await mind.recall("fig", since=datetime(1960, 1, 1, tzinfo=UTC))) == len(odd)


@pytest.mark.parametrize(("option", "value"), [("on", "soon"), ("on", 7), ("who", "?!")])
def test_what_cant_be_asked(option: str, value: object) -> None:
    with pytest.raises(InvalidRecall, match=option):
        RecallQuery.of("x", **cast(Any, {option: value}))


async def test_one_among_many_is_found(mind: Mind) -> None:
    """However many others answer better, in a mind that is too large to be ranked whole."""
    many = [NewThought.of(f"a fig, {n} figs", speaker="Ben") for n in range(1100)]
    one = NewThought.of("somebody had eaten a fig then", speaker="Ana", at="2023-05-17T10:00:00")
    await anchor(mind, [*many, one])
    for filters in ({"who": "ana"}, {"on": "17 May 2023"}, {"until": "2023-05-18"}):
        answer = await mind.recall("figs", **cast(Any, filters))
        assert whose(answer) == {("Ana", date(2023, 5, 17))}, filters
