"""Recall never finds what was forgotten, superseded or erased, with any index."""

from pathlib import Path

import pytest

from tests.recall.conftest import Place
from tests.recall.servers import settings_for
from thoughtstream import Mind
from thoughtstream.config import Settings


async def found(mind: Mind, query: str) -> list[str]:
    return [memory.content for memory in await mind.recall(query, limit=1000)]


async def test_what_was_let_go_is_not_recalled(place: Place, settings: Settings) -> None:
    async with (
        Mind.connect("ana", settings=settings) as mind,
        Mind.connect("ana", settings=settings) as other,
    ):
        ids = [await mind.anchor(f"the kettle is {n}") for n in range(5)]
        assert len(await found(other, "kettle")) == 5
        entry = await mind.forget(ids[0])
        await mind.erase(ids[1])
        await mind.supersede(ids[2], "the kettle is new")
        left = {"the kettle is 3", "the kettle is 4", "the kettle is new"}
        for one in (mind, other):
            assert {*await found(one, "kettle")} == left
        await mind.take_back(entry)
        for one in (mind, other):
            assert {*await found(one, "kettle")} == left | {"the kettle is 0"}


@pytest.mark.parametrize("erased", [(1,), (0,), (0, 1), (4,)])
async def test_a_service_that_was_away_finds_none_of_it(
    place: Place, tmp_path: Path, erased: tuple[int, ...]
) -> None:
    """Its file has what was erased until it is asked; then not a byte."""
    here, away = (settings_for(place.server, tmp_path / name) for name in ("here", "away"))
    async with (
        Mind.connect("ana", settings=away) as other,
        Mind.connect("ana", settings=here) as mind,
    ):
        ids = [await mind.anchor(f"the kettle is {n} zebra{n}") for n in range(5)]
        assert len(await found(other, "kettle")) == 5
        for gone in erased:
            await mind.erase(ids[gone])
        await mind.forget(ids[2])
        await mind.supersede(ids[3], "the kettle is new")
    async with Mind.connect("ana", settings=away) as other:
        assert await found(other, "zebra1 zebra2 zebra3 kettle")
        gone_ones = {f"the kettle is {n} zebra{n}" for n in (*erased, 2, 3)}
        assert not gone_ones.intersection(await found(other, "zebra0 zebra1 zebra2 zebra4 kettle"))
    files = [path for path in (tmp_path / "away").rglob("*") if path.is_file()]
    for gone in erased:
        word = f"zebra{gone}".encode()
        assert not [path for path in files if word in path.read_bytes()]


async def test_of_a_large_mind(place: Place, settings: Settings) -> None:
    """More than are ranked whole."""
    async with Mind.connect("ana", settings=settings) as mind:
        ids = [await mind.anchor(f"number {n}", source=f"s{n % 300}") for n in range(1100)]
        assert (await mind.recall("number 700"))[0].id == ids[700]
        await mind.forget(ids[700])
        await mind.erase(ids[701])
        assert not {ids[700], ids[701]}.intersection(
            memory.id for memory in await mind.recall("number 700 701", limit=1000)
        )
        hits = await mind.recall("number", source="s5")
        assert {memory.id for memory in hits} == {ids[5], ids[305], ids[605], ids[905]}
