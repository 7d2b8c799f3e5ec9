"""Why a memory is an answer: its features, and what each adds to its score."""

import json
import math

import pytest

from tests.recall.servers import anchor
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought
from thoughtstream.memory.features import FEATURES
from thoughtstream.memory.ranking import WEIGHTS, fitted

DAY_MS = 86_400_000
NOON_MS = 1_700_049_600_000  # of 15 November 2023


def said(speaker: str, text: str, day: int = 1, **more: str) -> NewThought:
    return NewThought.of(f"{speaker}: {text}", speaker=speaker, at=NOON_MS + day * DAY_MS, **more)


async def why(mind: Mind, question: str, content: str) -> dict[str, float]:
    """The features of the memory with this content."""
    answer = await mind.recall(question, limit=100, explain=True)
    [memory] = [memory for memory in answer if memory.content.endswith(content)]
    return {reason.feature: reason.value for reason in memory.reasons}


TALK = [
    said("Ana", "did you find the tent?"),
    said("Bo", "yes, in the cellar"),
    said("Bo", "I bought 3 lamps because it was so dark"),
    said("Ana", 'my dog ate the map, it was called "Atlas of the North"', day=40),
    said("Bo", "we go to Oslo with a friend last Friday", day=41),
    said("Ana", "the rain was loud", day=42),
]


async def test_what_speaks_for_an_answer(mind: Mind) -> None:
    await anchor(mind, TALK)
    tent = await why(mind, "Where was the tent?", "in the cellar")
    assert tent["asked_before"] > 0 and tent["around"] > 0 and tent["echo"] > 0
    assert (await why(mind, "What did Bo buy?", "so dark"))["speaker"] == 1
    assert "speaker" not in await why(mind, "What did Ana say of lamps?", "so dark")
    assert (await why(mind, "How many lamps?", "so dark"))["number"] == 1
    assert (await why(mind, "Why did he buy lamps?", "so dark"))["reason"] == 1
    assert (await why(mind, "Which pet ate the map?", 'North"'))["kind"] > 0
    assert (await why(mind, "What is the name of the map?", 'North"'))["title"] == 1
    assert (await why(mind, "When did they go to Oslo?", "Friday"))["time"] > 0
    assert (await why(mind, "Who went to Oslo?", "Friday"))["name"] > 0
    assert (await why(mind, "What was loud on 27 December 2023?", "loud"))["day"] == 1
    assert (await why(mind, "the tent", "the tent?"))["asks"] == 1
    assert (await why(mind, "Who bought 3 lamps?", "so dark"))["close"] > 0


async def test_nothing_is_handed_on_to_another_day(mind: Mind) -> None:
    await anchor(mind, TALK)
    rain = await mind.recall("Oslo", limit=100, explain=True)
    assert not [memory for memory in rain if memory.content.endswith("loud")]


async def test_the_shares_are_the_score(mind: Mind) -> None:
    await anchor(mind, TALK)
    first, *_ = answer = await mind.recall("Where was the tent, Bo?", explain=True)
    assert first.score == pytest.approx(math.exp(sum(one.share for one in first.reasons)))
    assert [memory.score for memory in answer] == sorted((m.score for m in answer), reverse=True)
    shares = [abs(reason.share) for reason in first.reasons]
    assert shares == sorted(shares, reverse=True)
    assert all(memory.reasons == () for memory in await mind.recall("tent"))


def test_the_weights_say_what_they_were_fitted_on() -> None:
    told = json.loads(WEIGHTS.read_text())
    assert told["weights"].keys() == fitted().keys() == FEATURES.keys()
    assert told["fitted_on"] and told["fitted_by"] and told["held_out"]
