"""An agent's choices, one after the other: what it has seen stays known, whoever asks for it."""

import asyncio

import numpy as np
import pytest
from numpy.testing import assert_allclose

from thoughtstream.colony import Colony
from thoughtstream.config import InferenceConfig, Settings
from thoughtstream.errors import InvalidBelief
from thoughtstream.inference.choosing import World
from thoughtstream.learning.choices import Choices
from thoughtstream.store.client import Client

SURE = 0.9


def world(states: int = 2) -> World:
    """Which lamp is lit stays; one may look, or bet. What is seen is true nine times out of ten."""
    A = np.full((states, states), (1 - SURE) / (states - 1))
    np.fill_diagonal(A, SURE)
    stays = np.repeat(np.eye(states)[:, :, None], 2, axis=2)
    return World(A, stays, np.zeros(states), np.full(states, 1 / states))


async def test_it_gets_surer_with_each_look(redis: Client) -> None:
    choices, odds = Choices(redis, "ana"), 1.0
    for step in range(1, 5):
        choice = await choices.choose("lamps", world(), 0)
        odds *= SURE / (1 - SURE)
        assert_allclose(choice.states, [odds / (1 + odds), 1 / (1 + odds)], rtol=1e-12)
        assert choice.step == step
    assert (await choices.choose("lamps", world(), 0, anew=True)).step == 1
    assert await choices.forget("lamps") and not await choices.forget("lamps")


async def test_of_several_at_once_each_counts(redis: Client) -> None:
    looks = [Choices(redis, "ana").choose("lamps", world(), 0) for _ in range(20)]
    chosen = await asyncio.gather(*looks)
    assert sorted(choice.step for choice in chosen) == [*range(1, 21)]


async def test_an_agent_chooses(redis: Client, settings: Settings) -> None:
    """To go where it is better."""
    moves = np.stack([np.eye(2), np.eye(2)[::-1]], axis=2)
    better = World(np.eye(2), moves, np.array([0.0, 2.0]), np.full(2, 0.5))
    async with Colony.connect(settings=settings) as colony, colony.join("ana") as ana:
        assert (await ana.choose("room", better, 0)).action == 1
        assert (await ana.choose("room", better, 1)).action == 0


async def test_what_is_wrong_is_named(redis: Client) -> None:
    choices = Choices(redis, "ana", InferenceConfig(worlds=1))
    await choices.choose("lamps", world(), 0)
    with pytest.raises(InvalidBelief, match="lamps: seen: is 2; give an observation, 0 to 1"):
        await choices.choose("lamps", world(), 2)
    with pytest.raises(InvalidBelief, match="lamps: is a world of other states"):
        await choices.choose("lamps", world(3), 0)
    with pytest.raises(InvalidBelief, match="name: the agent chooses in 1 worlds"):
        await choices.choose("others", world(), 0)
    with pytest.raises(InvalidBelief, match="agent: is empty"):
        Choices(redis, "")
    assert (await choices.choose("lamps", world(), 0)).step == 2
