"""How fast attention and feeding are, as ratios of things measured in the same run.

    uv run python -m tests.bench.speed

Every cycle is measured next to a PING on the same connection, so that a busy machine slows both.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import Mind, keys
from thoughtstream.attention.attention import Attention
from thoughtstream.attention.models import NewThought
from thoughtstream.config import RedisConfig, Settings, StreamConfig
from thoughtstream.store.connection import connect

CYCLES = 2000
TURN = 200
COMPETING = (100, 1_000, 10_000, 100_000)
FED = 20_000
ROUNDS = 5
CONTENT = "x" * 200


async def timed(call: Callable[[], Awaitable[Any]]) -> float:
    start = time.perf_counter()
    await call()
    return time.perf_counter() - start


async def cycles(url: str, sizes: Sequence[int]) -> list[dict[str, float]]:
    """One attention cycle beside a PING, with so many thoughts competing; times in µs. The sizes
    take turns, so that a machine that is busy for a while is it for all of them.
    """
    redis: Any = connect(RedisConfig(url=url))
    await redis.flushall()
    config = StreamConfig(working_memory_ttl_ms=3_600_000, working_memory_maxlen=0)
    attention = Attention(redis, config)
    for competing in sizes:
        await _fill(redis, attention, f"bench{competing}", competing + CYCLES)
    pings: dict[int, list[float]] = {competing: [] for competing in sizes}
    spent: dict[int, list[float]] = {competing: [] for competing in sizes}
    for n in range(0, CYCLES, TURN):
        for competing in sizes:
            for token in range(n, n + TURN):
                pings[competing].append(await timed(redis.ping))
                cycle = partial(attention.cycle, f"bench{competing}", keys.STANDARD_WINDOWS)
                spent[competing].append(await timed(partial(cycle, token=str(token))))
    await redis.aclose()
    return [_row(competing, pings[competing], spent[competing]) for competing in sizes]


async def _fill(redis: Any, attention: Attention, mind: str, thoughts: int) -> None:
    pipe = redis.pipeline(transaction=False)
    chance = random.Random(1)
    for n in range(thoughts):
        window = keys.STANDARD_WINDOWS[n % 4]
        fields = {"content": CONTENT, "salience": str(chance.uniform(0.31, 1))}
        pipe.xadd(keys.WINDOW.key(mind=mind, window=window), fields)
        if len(pipe) == 1000:
            await pipe.execute()
    await pipe.execute()
    await attention.cycle(mind, keys.STANDARD_WINDOWS, mode="settle")


def _row(competing: int, pings: list[float], spent: list[float]) -> dict[str, float]:
    ping = statistics.median(pings)
    return {
        "competing": competing,
        "ping_us": ping * 1e6,
        "cycle_p50_us": statistics.median(spent) * 1e6,
        "cycle_p99_us": statistics.quantiles(spent, n=100)[98] * 1e6,
        "ratio": statistics.median(spent) / ping,
    }


async def feeding(url: str, home: Path) -> dict[str, float]:
    """Thoughts a second by `Mind.feed` over those of a bare pipelined XADD, medians of rounds."""
    settings = Settings(home=home, redis=RedisConfig(url=url))
    redis: Any = Redis.from_url(url)
    thoughts = [NewThought(content=CONTENT, salience=0.8) for _ in range(FED)]
    entry = thoughts[0].entry()
    key = keys.WINDOW.key(mind="bench", window="sensory")

    async def bare() -> None:
        for _ in range(FED // 1000):
            pipe = redis.pipeline(transaction=False)
            for _ in range(1000):
                pipe.xadd(key, entry)
            await pipe.execute()

    ours, theirs = [], []
    async with Mind.connect("bench", settings=settings) as mind:
        for _ in range(ROUNDS):
            await redis.flushall()
            theirs.append(FED / await timed(bare))
            await redis.flushall()
            ours.append(FED / await timed(lambda: mind.feed(thoughts)))
    await redis.aclose()
    fed, plain = statistics.median(ours), statistics.median(theirs)
    return {"feed_per_s": fed, "xadd_per_s": plain, "ratio": fed / plain}


async def measure(home: Path) -> dict[str, Any]:
    """All figures, on a server of their own."""
    server = RedisServer(programs()[WHEEL], home).start()
    try:
        found = await cycles(server.url, COMPETING)
        fed = await feeding(server.url, home)
    finally:
        server.stop()
    flat = found[-1]["ratio"] / found[0]["ratio"]
    return {"cycles": found, "flat": flat, "feed": fed}


def show(figures: dict[str, Any]) -> None:
    table = Table(title="One attention cycle against a PING in the same run")
    for name in ("competing", "PING p50 µs", "cycle p50 µs", "p99 µs", "ratio"):
        table.add_column(name, justify="right")
    for row in figures["cycles"]:
        table.add_row(
            f"{row['competing']:,}", f"{row['ping_us']:.0f}", f"{row['cycle_p50_us']:.0f}",
            f"{row['cycle_p99_us']:.0f}", f"{row['ratio']:.2f}",
        )  # fmt: skip
    console = Console()
    console.print(table)
    console.print(f"flat: {figures['flat']:.2f} (ratio at the most over ratio at the least)")
    fed = figures["feed"]
    console.print(
        f"fed: {fed['feed_per_s']:,.0f} thoughts/s, {fed['ratio']:.2f} of a bare pipelined XADD "
        f"({fed['xadd_per_s']:,.0f}/s)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    wants_json = parser.parse_args().json
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        figures = uvloop.run(measure(Path(home)))
    if wants_json:
        json.dump(figures, sys.stdout, indent=2)
    else:
        show(figures)


if __name__ == "__main__":
    main()
