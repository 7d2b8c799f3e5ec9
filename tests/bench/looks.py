"""What a look at a mind costs, as ratios to a PING in the same run, however much Redis holds.

    uv run python -m tests.bench.looks [--keys 10 10000 1000000]

Each look is measured next to a PING on the same connection, so that a busy machine slows both.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from tests.bench.speed import timed
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import Mind, keys
from thoughtstream.attention.models import NewThought
from thoughtstream.config import RedisConfig, Settings
from thoughtstream.faces import overview
from thoughtstream.store.census import Census

LOOKS = 300
MINDS = 1000
KEYS = (10, 10_000, 1_000_000)
_BATCH = 10_000


async def measure(home: Path, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """A row for each number of keys; times in µs, ratios to the PING beside."""
    server = RedisServer(programs()[WHEEL], home, "appendonly no").start()
    try:
        settings = Settings(home=home, redis=RedisConfig(url=server.url))
        async with Mind.connect("ana", settings=settings) as mind:
            await _live(mind)
            rows, there = [], 0
            for keys_ in sizes:
                await _fill(mind._redis, there, keys_)
                there = keys_
                rows.append(await _row(mind, keys_))
            return rows
    finally:
        server.stop()


async def _live(mind: Mind) -> None:
    """A mind with everything to look at, and others, so that all are a page."""
    for number in range(20):
        await mind.anchor(f"memory {number}")
    thoughts = [NewThought.of(f"thought {n}", salience=0.9 - n / 1000) for n in range(100)]
    await mind.feed(thoughts)
    await mind.attend()
    pipe: Any = mind._redis.pipeline(transaction=False)
    for number in range(MINDS - 1):
        pipe.hset(keys.LEDGER.key(mind=f"mind {number}"), "adopted", 1)
    await pipe.execute()
    assert len(await overview.all_minds(mind._redis)) == MINDS


async def _fill(redis: Any, there: int, wanted: int) -> None:
    for start in range(there, wanted, _BATCH):
        pipe = redis.pipeline(transaction=False)
        for number in range(start, min(start + _BATCH, wanted)):
            pipe.hset(keys.ITEM.key(mind="bob", id=f"{number}-0@sensory"), "content", "x")
        await pipe.execute()


async def _row(mind: Mind, keys_: int) -> dict[str, Any]:
    async def all_minds() -> None:
        async for page in Census(mind._redis).pages():
            await overview._looked_at(mind._redis, page)

    looks: dict[str, tuple[Callable[[], Awaitable[Any]], int]] = {
        "state": (mind.state, LOOKS),
        "windows": (mind.windows, LOOKS),
        "audit": (mind.audit, LOOKS),
        f"{MINDS:,} minds": (all_minds, LOOKS // 15),
    }
    row: dict[str, Any] = {"keys": keys_}
    for name, (look, times) in looks.items():
        pings, spent = [], []
        for _ in range(times):
            pings.append(await timed(mind._redis.ping))
            spent.append(await timed(look))
        row["ping_us"] = statistics.median(pings) * 1e6
        row[name] = statistics.median(spent) / statistics.median(pings)
    return row


def show(rows: list[dict[str, Any]]) -> None:
    table = Table(title="Looks, as multiples of a PING in the same run")
    for name in rows[0]:
        table.add_column(name, justify="right")
    for row in rows:
        keys_, *rest = row.values()
        table.add_row(f"{keys_:,}", *(f"{value:.1f}" for value in rest))
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keys", type=int, nargs="+", default=KEYS, help="ascending")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        rows = uvloop.run(measure(Path(home), given.keys))
    if given.json:
        json.dump(rows, sys.stdout, indent=2)
    else:
        show(rows)


if __name__ == "__main__":
    main()
