"""What a hit of the generation cache costs, as a ratio to a bare GET of the same value.

    uv run python -m tests.bench.cache

The two take turns on one connection, so that a busy machine slows both. The GET is the client
library's, and nothing is made of what it brings; the hit finds the key's name, parses the JSON, and
decides whether it is time to compute the value anew.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
from redis.asyncio import Redis
from rich.console import Console

from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import keys
from thoughtstream.config import RedisConfig
from thoughtstream.coordination.cache import GenerationCache
from thoughtstream.store.connection import connect

HITS = 20_000
TURN = 100
KEY = "def parse(line: str) -> Thought"
VALUE = {"code": "x = 1\n" * 150, "model": "any", "tokens": 300}


async def turn(call: Callable[[], Awaitable[Any]], spent: list[float]) -> None:
    for _ in range(TURN):
        start = time.perf_counter()
        await call()
        spent.append(time.perf_counter() - start)


async def hits(url: str) -> dict[str, float]:
    """Medians in µs. The GET is that of the client library as it is; ours takes a fifth less."""
    redis: Any = connect(RedisConfig(url=url))
    bare: Any = Redis.from_url(url, decode_responses=True)
    name = keys.CACHE.key(key=KEY)
    gets: list[float] = []
    spent: list[float] = []
    async with redis, bare, GenerationCache(redis) as cache:
        await cache.set(KEY, VALUE)

        async def get() -> None:
            await bare.get(name)

        async def hit() -> None:
            await cache.get_or_compute(KEY, lambda: VALUE)

        await turn(get, [])
        await turn(hit, [])
        for _ in range(HITS // TURN):
            await turn(get, gets)
            await turn(hit, spent)
    get_us, hit_us = (statistics.median(times) * 1e6 for times in (gets, spent))
    return {"get_us": get_us, "hit_us": hit_us, "hit_over_get": hit_us / get_us}


async def measure(home: Path) -> dict[str, float]:
    """All figures, on a server of their own."""
    server = RedisServer(programs()[WHEEL], home).start()
    try:
        return await hits(server.url)
    finally:
        server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    wants_json = parser.parse_args().json
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        figures = uvloop.run(measure(Path(home)))
    if wants_json:
        json.dump(figures, sys.stdout, indent=2)
    else:
        Console().print(
            f"a hit: {figures['hit_us']:.0f} µs, {figures['hit_over_get']:.2f} of a GET "
            f"({figures['get_us']:.0f} µs)"
        )


if __name__ == "__main__":
    main()
