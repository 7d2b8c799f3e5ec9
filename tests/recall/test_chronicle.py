"""A mind that goes on answers as one that begins: what it keeps between questions stays true."""

import pytest

from tests.recall.servers import anchor
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought

NOON_MS = 43_200_000
TOLD = ("an olive", "it was green", "another olive", "it was black", "no olive at all", "a tree")


async def answers(mind: Mind) -> list[tuple[str, float]]:
    return [(found.content, found.score) for found in await mind.recall("olive tree")]


async def afresh(mind: Mind) -> list[tuple[str, float]]:
    async with Mind.connect("ana", settings=mind._settings) as other:
        return await answers(other)


def said(content: str, minute: int) -> NewThought:
    return NewThought.of(content, speaker="Ana", at=str(NOON_MS + minute * 60_000))


@pytest.mark.parametrize("kept", [2, 40_000])
async def test_it_answers_as_one_that_begins(
    mind: Mind, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr("thoughtstream.memory.recall._WHOLE", 0)
    monkeypatch.setattr("thoughtstream.memory.chronicle._MOST_TRAITS", kept)
    await anchor(mind, [said(content, 10 * at) for at, content in enumerate(TOLD)])
    assert await answers(mind) == await afresh(mind)

    for between in (35, 5, 100):
        await anchor(mind, [said(f"and {between} olives", between)])
        assert await answers(mind) == await afresh(mind)
