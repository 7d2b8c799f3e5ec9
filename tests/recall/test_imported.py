"""What was imported is found by either index; the index of a mind that was deleted goes with it."""

from tests.owner.minds import as_file, exported
from tests.recall import servers
from tests.recall.conftest import REDISEARCH, Place
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


async def test_a_mind_that_was_deleted_has_no_index(
    place: Place, mind: Mind, settings: Settings
) -> None:
    await servers.anchor(mind, [NewThought.of("the kettle is on")])
    async with Mind.connect("bob", settings=settings) as bob:
        await servers.anchor(bob, [NewThought.of("the kettle is off")])
        assert await mind.recall("kettle") and await bob.recall("kettle")
        before = await indexes(place, settings)
        await mind.delete(confirm="ana")
        after = await indexes(place, settings)
        assert len(before) == 2 and len(after) == 1 and not await mind.recall("kettle")
        await servers.anchor(mind, [NewThought.of("a new kettle")])
        assert [found.content for found in await mind.recall("kettle")] == ["a new kettle"]
        assert len(await bob.recall("kettle")) == 1


async def indexes(place: Place, settings: Settings) -> list[str]:
    """Those of the server, or else the files."""
    if place.index != REDISEARCH:
        return [str(file) for file in (settings.home / "index").glob("*.db")]
    with place.server.client() as client:
        found: list[str] = client.execute_command("FT._LIST")
        return found
