"""What recall answers, whatever the index."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import get_type_hints

import pytest

from tests.recall.servers import anchor
from thoughtstream import Mind, keys
from thoughtstream.attention.models import NewThought
from thoughtstream.memory.models import Recalled
from thoughtstream.memory.query import InvalidRecall, RecallOptions, RecallQuery


def thoughts(*contents: str) -> list[NewThought]:
    return [NewThought.of(content) for content in contents]


def contents(answer: list[Recalled]) -> list[str]:
    return [memory.content for memory in answer]


def when(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


async def test_a_memory_comes_back_with_all_that_is_known_of_it(mind: Mind) -> None:
    [thought_id] = await anchor(
        mind,
        [NewThought.of("the kettle is on", window="emotion", salience=0.75, kind="semantic",
                       valence=-0.5, source="kitchen", room="west")],
    )  # fmt: skip
    [memory] = await mind.recall("kettle")
    assert memory.id == thought_id
    assert (memory.content, memory.kind, memory.window) == (
        "the kettle is on",
        "semantic",
        "emotion",
    )
    assert memory.salience == 0.75
    assert memory.score > 0
    assert 0 < memory.attended_at <= memory.anchored_at
    assert memory.fields | {"valence": "-0.5", "source": "kitchen", "room": "west"} == memory.fields
    assert memory.context_before == memory.context_after == ()


async def test_the_best_comes_first(mind: Mind) -> None:
    await anchor(mind, thoughts(
        "tea is in the blue tin", "rain is coming", "the train leaves at nine", "it is cold",
        "somebody rang", "nobody was there", "the tin of blue paint is empty", "we need a ladder",
    ))  # fmt: skip
    answer = await mind.recall("where is the blue paint?")
    assert contents(answer)[0] == "the tin of blue paint is empty"
    scores = [memory.score for memory in answer]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("asked", "remembered"),
    [
        ("walks", "walking home"),
        ("buying", "she bought shoes"),
        ("children", "a child laughed"),
        ("CAFE", "un café noir"),
        ("café", "the cafe closed"),
        ("hello", "“Hello”—she said"),
        ("idea", "great\u2013idea, this"),
        ("dont", "dont go"),
        ("great", "great😀day"),
        ("Straße", "eine Straße in Bonn"),
        ("byte", "nul\0byte"),
        ("дом", "мой дом"),
        ("2023", "in 2023, perhaps"),
        ("snake", "snake_case_name"),
        ("the who", "the who"),
        ("x" * 500, "x" * 500),
    ],
)
async def test_words_are_found_in_other_forms(mind: Mind, asked: str, remembered: str) -> None:
    await anchor(mind, thoughts("nothing of the kind", remembered))
    assert contents(await mind.recall(asked))[0] == remembered


async def test_what_was_said_around_it_counts(mind: Mind) -> None:
    await anchor(mind, thoughts(
        "the garden is wet", "a bus went by", "how was the concert in Lisbon?",
        "loud, and very long", "the soup is salty", "the window is open",
    ))  # fmt: skip
    answer = contents(await mind.recall("concert Lisbon"))
    assert answer[:2] == ["how was the concert in Lisbon?", "loud, and very long"]


async def test_filters(mind: Mind) -> None:
    await anchor(mind, [
        NewThought.of("one apple", window="sensory", kind="episodic"),
        NewThought.of("two apples", window="emotion", kind="semantic"),
        NewThought.of("three apples", window="sensory", kind="procedural"),
    ])  # fmt: skip
    assert contents(await mind.recall("apple", kind="semantic")) == ["two apples"]
    assert contents(await mind.recall("apple", window="emotion")) == ["two apples"]
    assert set(contents(await mind.recall("apple", window="sensory"))) == {
        "one apple",
        "three apples",
    }
    assert await mind.recall("apple", window="no such window") == []
    assert await mind.recall("apple", window="sensory", kind="semantic") == []


async def test_filters_by_any_field(mind: Mind) -> None:
    """However many others answer better."""
    said = [NewThought.of(f"a fig, {n} figs", role="user") for n in range(70)]
    await anchor(mind, [*said, NewThought.of("he had a fig", role="assistant", tone="dry")])
    assert contents(await mind.recall("fig", fields={"role": "assistant"})) == ["he had a fig"]
    assert len(await mind.recall("fig", fields={"role": "user"}, limit=100)) == 70
    assert await mind.recall("fig", fields={"role": "user", "tone": "dry"}) == []
    assert await mind.recall("fig", fields={"nothing": ""}) == []


async def test_filters_by_time_include_both_ends(mind: Mind) -> None:
    for number in ("one", "two", "three"):
        await anchor(mind, thoughts(f"{number} pears"))
        anchored = await mind._redis.clock_ms(keys.LEDGER.key(mind=mind.name))
        while await mind._redis.clock_ms(keys.LEDGER.key(mind=mind.name)) == anchored:
            pass
    first, second, third = sorted(await mind.recall("pears"), key=lambda m: m.attended_at)
    at = when(second.attended_at)
    assert contents(await mind.recall("pears", since=at, until=at)) == ["two pears"]
    later = await mind.recall("pears", since=at)
    assert {memory.id for memory in later} == {second.id, third.id}
    earlier = await mind.recall("pears", until=at)
    assert {memory.id for memory in earlier} == {first.id, second.id}
    assert await mind.recall("pears", since=when(third.attended_at) + timedelta(seconds=1)) == []
    assert len(await mind.recall("pears", since=datetime(2000, 1, 1))) == 3


STRANGE = [
    "a b", " outside ", " ", "a,b|c", "x*y?", "{brace}", "%41", "ü😀", "-", "a\\b", '"q"', "$p",
    "tab\there", "two\nlines", "ω" * 999,
]  # fmt: skip


async def test_windows_with_any_name(mind: Mind) -> None:
    await anchor(mind, [NewThought.of("a fig", window=name) for name in STRANGE])
    for name in STRANGE:
        assert [memory.window for memory in await mind.recall("fig", window=name)] == [name]


async def test_pages_are_parts_of_one_answer(mind: Mind) -> None:
    """Memories that aren't neighbours, so that each is found by its own words alone."""
    between = thoughts(*["nothing"] * 8)
    plums = [NewThought.of(f"plum {'ripe ' * (number % 5)}{number}") for number in range(110)]
    await anchor(mind, [thought for plum in plums for thought in (plum, *between)])
    whole = [m for m in await mind.recall("ripe plum", limit=1000) if m.content != "nothing"]
    assert {memory.content for memory in whole} == {plum.content for plum in plums}
    pages = [await mind.recall("ripe plum", limit=50, offset=start) for start in range(0, 1100, 50)]
    paged = [memory for page in pages for memory in page if memory.content != "nothing"]
    assert paged == whole


async def test_scores_never_rise_within_an_answer(mind: Mind) -> None:
    """The index thinks little of a long memory, whose words stand side by side, however."""
    between = thoughts(*["nothing"] * 8)
    apart = [NewThought.of(f"green door {'well ' * 5} knocker")] * 45
    near = NewThought.of(f"green knocker {'and so on ' * 30}")
    await anchor(mind, [thought for one in (*apart, near) for thought in (one, *between)])
    answer = await mind.recall("green knocker", limit=1000)
    assert near.content in contents(answer)
    scores = [memory.score for memory in answer]
    assert scores == sorted(scores, reverse=True)


async def test_of_equals_the_older_comes_first(mind: Mind) -> None:
    kinds = ("semantic", None, "procedural", None)
    days = [{"at": (1 + number) * 86_400_000} for number in range(len(kinds))]
    same = [
        thought
        for kind, day in zip(kinds, days, strict=True)
        for thought in (
            NewThought.of("a cherry", kind=kind, **day),
            NewThought.of("so quiet", **day),
        )
    ]
    ids = await anchor(mind, same)
    answer = await mind.recall("cherry", limit=100)
    assert [memory.id for memory in answer if memory.content == "a cherry"] == ids[::2]


async def test_neighbours_come_along(mind: Mind) -> None:
    elsewhere = NewThought.of("elsewhere", kind="semantic")
    three = NewThought.of("three", window="emotion")
    for one in (
        *thoughts("zero", "one"),
        elsewhere,
        *thoughts("two lemons"),
        three,
        *thoughts("four"),
    ):
        await anchor(mind, [one])
    [lemons, *_] = await mind.recall("lemons", context=2)
    assert [memory.content for memory in lemons.context_before] == ["zero", "one"]
    assert [memory.content for memory in lemons.context_after] == ["three", "four"]
    assert lemons.context_after[0].window == "emotion"
    [lemons] = await mind.recall("lemons", limit=1, context=1)
    assert [memory.content for memory in lemons.context_before] == ["one"]
    [first] = await mind.recall("zero", limit=1, context=3)
    assert first.context_before == ()


async def test_one_mind_never_sees_another(mind: Mind) -> None:
    settings = mind._settings
    await anchor(mind, thoughts("a secret melon"))
    for other in ("an", "ana2", "ana:item", "*", "ana}"):
        async with Mind.connect(other, settings=settings) as stranger:
            assert await stranger.recall("melon") == []
            await anchor(stranger, thoughts("another melon"))
            assert contents(await stranger.recall("melon")) == ["another melon"]
    assert contents(await mind.recall("melon")) == ["a secret melon"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": 1.5}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": 10_001}, "offset"),
        ({"context": -1}, "context"),
        ({"context": 101}, "context"),
        ({"kind": "funny"}, "kind"),
        ({"window": ""}, "window"),
        ({"window": "w" * 1001}, "window"),
        ({"since": datetime.min}, "since"),
        ({"since": datetime(2001, 1, 1), "until": datetime(2000, 1, 1)}, "since"),
    ],
)
async def test_a_wrong_argument_is_named(mind: Mind, wrong: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidRecall, match=rf"^{field}: "):
        await mind.recall("anything", **wrong)  # type: ignore[arg-type]


async def test_a_query_can_be_made_beforehand(mind: Mind) -> None:
    await anchor(mind, thoughts("one fig", "two figs"))
    first, second = await mind.recall("fig")
    asked = RecallQuery.of("fig", limit=1, offset=1)
    assert await mind.recall(asked) == [second]
    assert await mind.recall(asked, offset=0) == [first]


def test_options_are_the_fields_of_a_query() -> None:
    hints = get_type_hints(RecallQuery, include_extras=True)
    fields = {name: hints[name] for name in RecallQuery.model_fields if name != "query"}
    assert get_type_hints(RecallOptions, include_extras=True) == fields


async def test_many_ask_at_once_while_memories_come(mind: Mind) -> None:
    await anchor(mind, thoughts("a fig"))
    for number in range(2, 6):
        await anchor(mind, thoughts("a fig"))
        answers = await asyncio.gather(*(mind.recall("fig", context=9) for _ in range(5)))
        for answer in answers:
            assert len(answer) == number
            for memory in answer:
                around = [*memory.context_before, memory, *memory.context_after]
                assert len({one.id for one in around}) == len(around) == number


async def test_a_large_mind_answers_alike(mind: Mind) -> None:
    """It isn't ranked whole: the rarest words of the question find what is ranked."""
    said = [NewThought.of(f"figs and plums {n}", speaker="Ana") for n in range(1020)]
    sour = NewThought.of("the lychee was sour", speaker="Bo")
    await anchor(mind, [*said[:500], sour, *said[500:]])
    first, *others = await mind.recall("was the lychee of Ana like figs?", limit=400)
    assert first.content == "the lychee was sour"
    assert len({one.id for one in others}) == len(others) == 399
    assert first.score >= others[0].score
