"""A sleep goes on after it was asked for, and tells how it stands."""

from typing import Any

import pytest
from redis.asyncio import Redis

from tests.services import until
from tests.sleep.memories import DISK, KETTLE, remember
from tests.web.served import served
from thoughtstream.config import MemoryConfig, Settings
from thoughtstream.faces.web.place import tokens_of

pytestmark = pytest.mark.slow

SLEEPS = "/v1/minds/ana/sleeps"


def _distilled_by(settings: Settings, name: str) -> Settings:
    memory = MemoryConfig(sleep_distiller=f"tests.sleep.distillers:{name}")
    return settings.model_copy(update={"memory": memory})


async def test_a_sleep_tells_what_it_has_done(redis: Redis, settings: Settings) -> None:
    await remember(redis, "ana", [*DISK, *KETTLE])
    async with served(settings) as web:
        would = await web.post(f"{SLEEPS}?dry_run=true")
        assert (would.status, would.json["session"], would.json["dry_run"]) == (200, None, True)
        begun = await web.post(SLEEPS)
        assert (begun.status, begun.headers["location"]) == (202, begun.json["url"])

        async def over() -> Any:
            return (await web.get(begun.json["url"])).json["state"] == "over"

        await until(over)
        slept = (await web.get(begun.json["url"])).json
        for moves in ("replayed", "merged", "distilled"):
            assert slept[moves] == would.json[moves], moves
        assert slept["replayed"] and slept["merged"] and slept["distilled"]


async def test_one_that_is_interrupted_is_resumed_by_the_next(
    redis: Redis, settings: Settings
) -> None:
    await remember(redis, "ana", [*DISK, *KETTLE])
    async with served(_distilled_by(settings, "Stuck")) as web:
        begun = (await web.post(SLEEPS)).json

        async def replayed() -> Any:
            return (await web.get(begun["url"])).json["replayed"]

        await until(replayed)
        slept = (await web.get(begun["url"])).json
        assert (slept["state"], slept["distilled"]) == ("asleep", [])
        again = await web.post(SLEEPS)
        assert (again.status, again.json["type"]) == (409, "/problems/asleep")
    async with served(_distilled_by(settings, "Counting")) as web:
        assert (await web.get(begun["url"])).json["state"] == "interrupted"
        assert (await web.post(SLEEPS)).json == begun

        async def over() -> Any:
            return (await web.get(begun["url"])).json["state"] == "over"

        await until(over)
        assert (await web.get(begun["url"])).json["distilled"]


async def test_one_that_fails_is_interrupted(redis: Redis, settings: Settings) -> None:
    await remember(redis, "ana", DISK)
    async with served(_distilled_by(settings, "Broken")) as web:
        begun = (await web.post(SLEEPS)).json

        async def interrupted() -> Any:
            return (await web.get(begun["url"])).json["state"] == "interrupted"

        await until(interrupted)
    async with served(_distilled_by(settings, "Nobody")) as web:
        assert (await web.post(SLEEPS)).json["type"] == "/problems/misconfigured"


async def test_a_sleep_that_is_not_there_and_one_that_one_may_not_begin(
    redis: Redis, settings: Settings
) -> None:
    async with served(settings) as web:
        for session in ("7", "x", "%C2%B2"):
            assert (await web.get(f"{SLEEPS}/{session}")).status == 404
        _, reader = tokens_of(settings).add("reader", ("read",))
        refused = await web.post(SLEEPS, token=reader)
        assert (refused.status, refused.json["scope"]) == (403, "operate")
