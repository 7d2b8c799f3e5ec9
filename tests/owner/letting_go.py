"""A program that lets go of memories for ever: forgets, supersedes, takes back and erases them."""

import asyncio
import random
import sys

from thoughtstream import Mind, NotRemembered, RedisUnavailable
from thoughtstream.config import RedisConfig, Settings
from thoughtstream.errors import NotForgotten


async def move(mind: Mind) -> None:
    """One move on one memory, which another program may have let go of meanwhile."""
    await mind.anchor(f"the kettle is {random.random()}", kind=random.choice(["semantic", None]))
    chosen = random.choice(await mind.memories())
    match random.randrange(4):
        case 0:
            await mind.forget(chosen.id)
        case 1:
            await mind.supersede(chosen.id, "the kettle is new")
        case 2:
            await mind.erase(chosen.id)
        case _:
            for forgotten in await mind.forgotten(limit=3):
                await mind.take_back(forgotten.entry)


async def main(url: str, home: str) -> None:
    settings = Settings.model_validate({"home": home, "redis": RedisConfig(url=url)})
    async with Mind.connect("ana", settings=settings) as mind:
        while True:
            try:
                await move(mind)
            except (NotRemembered, NotForgotten, RedisUnavailable, IndexError):
                continue


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
