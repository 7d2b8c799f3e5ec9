"""Whatever stands in the keys of a mind, its readers stay, and go on when it is gone."""

import random

import pytest
from redis.asyncio import Redis

from tests.engine.garbage import TYPES, key_of, per_mind, spoil
from tests.web.served import served
from tests.web.streams import reading
from thoughtstream import Mind, keys
from thoughtstream.config import Settings

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(4))
async def test_readers_survive_anything(settings: Settings, redis: Redis, seed: int) -> None:
    dice = random.Random(seed)
    async with served(settings) as web, reading(web, mind="ana") as stream:
        await stream.until("state")
        for family in filter(per_mind, keys.FAMILIES):
            await spoil(redis, key_of(family, mind="ana"), dice.choice(TYPES), dice)
        async with Mind.connect("bob", settings=settings) as bob, reading(web, mind="bob") as other:
            await other.until("state")
            await bob.think("the kettle", salience=0.9)
            await bob.attend()
            await other.until("attended")
        await redis.flushall()
        async with Mind.connect("ana", settings=settings) as ana:
            await stream.until("recovered", lambda data: data["what"] == "fault")
            await ana.think("the kettle", salience=0.9)
            await ana.attend()
            assert (await stream.until("attended")).data["content"] == "the kettle"
