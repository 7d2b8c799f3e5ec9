"""What was imported is found by either index, of a small mind and of a large one."""

from tests.owner.minds import as_file, exported
from tests.recall import servers
from tests.recall.conftest import Place
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought
from thoughtstream.config import Settings

LARGE = 1100
"""Recall asks an index for a mind of more than 1,000."""


async def test_what_was_imported_is_found(place: Place, mind: Mind, settings: Settings) -> None:
    await servers.anchor(mind, [NewThought.of("the kettle is on"), NewThought.of("tea for two")])
    text = await exported(mind)
    async with Mind.connect("bob", settings=settings) as bob:
        await servers.anchor(bob, [NewThought.of(f"filler {n}") for n in range(LARGE)])
        assert not await bob.recall("kettle")
        await bob.import_from(as_file(text))
        assert [found.content for found in await bob.recall("kettle", limit=1)] == [
            "the kettle is on"
        ]
        assert bob._recall.index == place.index
        async with Mind.connect("bob", settings=settings) as fresh:
            assert [found.content for found in await fresh.recall("tea", limit=1)] == [
                "tea for two"
            ]
