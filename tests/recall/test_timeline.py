"""A memory's neighbours are what was said before and after it, in whatever order it was encoded."""

import random

import pytest

from tests.recall.conftest import Place
from tests.recall.conversation import CONVERSATION
from tests.recall.servers import anchor, settle
from tests.senses.locomo import turns_of
from thoughtstream import Mind, keys
from thoughtstream.attention.models import NewThought
from thoughtstream.config import StreamConfig
from thoughtstream.memory.models import Recalled

TURNS = turns_of(CONVERSATION)
ASKED = [asked["question"] for asked in CONVERSATION["qa"]]
STREAM = keys.EPISODIC.key(mind="ana")
TIMELINE = keys.TIMELINE.key(mind="ana", kind="episodic")


def contents(answer: list[Recalled]) -> list[list[str]]:
    """Each answer and its neighbours."""
    return [
        [one.content for one in (*memory.context_before, memory, *memory.context_after)]
        for memory in answer
    ]


async def answers(mind: Mind) -> list[list[list[str]]]:
    return [contents(await mind.recall(question, context=2)) for question in ASKED]


@pytest.mark.parametrize("seed", range(2))
async def test_feeding_in_any_order_of_attention_is_anchoring_in_order(
    mind: Mind, seed: int
) -> None:
    attention = random.Random(seed)
    async with Mind.connect("in order", settings=mind._settings) as in_order:
        await anchor(in_order, TURNS)
        expected = await answers(in_order)
    patient = StreamConfig(working_memory_ttl_ms=1500, forget_threshold=0)
    settings = mind._settings.model_copy(update={"streams": patient})
    async with Mind.connect("ana", settings=settings) as fed:
        await fed.feed(one.model_copy(update={"salience": attention.random()}) for one in TURNS)
        await settle(fed)
        attended = [memory.content for memory in (await fed.state(top=100)).attended]
    assert attended[::-1] != [one.content for one in TURNS]
    assert await answers(mind) == expected


async def test_what_was_said_earlier_comes_earlier(mind: Mind) -> None:
    """`at` says when, whenever it was thought."""
    for at, text in ((3000, "so they ate"), (1000, "a plum fell"), (2000, "the geese came")):
        await anchor(mind, [NewThought.of(text, at=at)])
    answer = contents(await mind.recall("geese", limit=1, context=5))
    assert answer == [["a plum fell", "the geese came", "so they ate"]]


async def test_memories_of_before_have_neighbours(mind: Mind, place: Place) -> None:
    """An older version wrote no timeline, and wrote on while a newer one did."""
    await anchor(mind, TURNS)
    expected = await answers(mind)
    with place.server.client() as client:
        members = client.zrange(TIMELINE, 0, -1)
        client.delete(TIMELINE)
        assert await answers(mind) == expected
        assert client.zrange(TIMELINE, 0, -1) == members
        client.zrem(TIMELINE, *members[::3])
        assert await answers(mind) == expected
        assert client.zrange(TIMELINE, 0, -1) == members


async def test_what_left_the_stream_leaves_the_timeline(mind: Mind, place: Place) -> None:
    await anchor(mind, TURNS)
    with place.server.client() as client:
        client.xtrim(STREAM, maxlen=5, approximate=False)
        await mind.recall("cello bagpipes")
        assert client.zcard(TIMELINE) == client.xlen(STREAM) == 5


async def test_the_engine_keeps_it_exact(mind: Mind, place: Place) -> None:
    """What attention and sleep write is just what recall would."""
    cafe = [NewThought.of(f"we met at the café on day {day}", at=9 - day) for day in (1, 2, 3, 3)]
    await mind.feed(cafe)
    await settle(mind)
    await anchor(mind, [*TURNS, *cafe])
    await mind.sleep()
    await anchor(mind, [NewThought.of("we met at the café on day 4")])
    await mind.sleep()
    with place.server.client() as client:
        for kind in keys.MEMORIES:
            timeline = keys.TIMELINE.key(mind="ana", kind=kind)
            written = client.zrange(timeline, 0, -1)
            assert len(written) == client.xlen(keys.MEMORIES[kind].key(mind="ana"))
            await mind._recall._timeline._make(kind)
            assert client.zrange(timeline, 0, -1) == written


async def test_who_may_not_write_recalls_all_the_same(mind: Mind, place: Place) -> None:
    await anchor(mind, TURNS)
    with place.server.client() as client:
        client.delete(TIMELINE)
        client.execute_command("ACL", "SETUSER", "default", "-zadd")
        try:
            assert contents(await mind.recall("cello", limit=1))[0][0].startswith(
                "Ben: I will come"
            )
            assert not client.exists(TIMELINE)
        finally:
            client.execute_command("ACL", "SETUSER", "default", "+@all")
