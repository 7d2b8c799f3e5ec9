"""What an architecture keeps as a mind is what its saliences promise."""

from pathlib import Path

import numpy as np
import pytest

from tests.bench.attention import measured
from tests.bench.recall import Conversation
from thoughtstream.config import SalienceConfig
from thoughtstream.evolving.architecture import DIMENSIONS, PARTS, Architecture
from thoughtstream.evolving.dialogues import Dialogue
from thoughtstream.evolving.living import live
from thoughtstream.store.client import Client

ENGLISH = Path(__file__).parents[1] / "bench" / "chats" / "english.json"


@pytest.mark.parametrize("share", [0.1, 0.2, 1.0])
async def test_a_mind_keeps_what_its_saliences_promise(redis: Client, share: float) -> None:
    """The same as counted without a mind, and nothing of the mind is left."""
    [dialogue] = Dialogue.read(ENGLISH)
    [conversation] = Conversation.read(ENGLISH)
    life = await live(redis, Architecture(SalienceConfig()), dialogue, share)
    assert life.kept == measured(conversation, share).kept
    assert all(0 <= part <= 1 for part in life.level.values()) and len(life.level) == 5
    assert not [key async for key in redis.scan_iter()]


async def test_another_architecture_keeps_something_else(redis: Client) -> None:
    [dialogue] = Dialogue.read(ENGLISH)
    parts = dict.fromkeys(PARTS, 0.0)
    lives = [
        await live(redis, Architecture(SalienceConfig(**parts | {one: 0.6})), dialogue, 0.2)
        for one in PARTS
    ]
    assert len({one.kept for one in lives}) > 2


def test_every_vector_is_an_architecture_of_the_same_worth() -> None:
    for numbers in (*np.random.default_rng(0).uniform(size=(50, DIMENSIONS)), np.zeros(DIMENSIONS)):
        salience = Architecture.of(numbers).salience.model_dump()
        worth = sum(salience[part] for part in PARTS)
        assert worth == pytest.approx(0.64 if numbers.any() else 0, abs=0.003)


def test_the_incumbent_is_a_vector_too() -> None:
    incumbent = Architecture(SalienceConfig())
    assert Architecture.of(incumbent.numbers) == incumbent


def test_a_conversation_survives_being_written_down() -> None:
    [dialogue] = Dialogue.read(ENGLISH)
    again = Dialogue.parse(dialogue.as_json())
    assert (again, again.digest) == (dialogue, dialogue.digest)
