"""What things cost in Redis: memory, and bytes of the log after a rewrite.

uv run python -m tests.bench.sizing
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.recall.servers import anchor, settings_for
from tests.servers import WHEEL, RedisServer, programs, wait_until
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought

COUNT = 5_000
MINDS = 500
SHORT, LONG = 100, 1_000


def thought(number: int, characters: int) -> NewThought:
    """A thought of random letters: a log can't make them smaller."""
    letters = random.Random(number).choices("abcdefghijklmnopqrstuvwxyz     ", k=characters)
    return NewThought.of("".join(letters), importance=0.5, source="sizing")


async def waiting(home: Path, server: RedisServer, characters: int) -> int:
    """Thoughts in a window, before anybody compares them."""
    async with Mind.connect("big", settings=settings_for(server, home)) as mind:
        await mind.feed(thought(number, characters) for number in range(COUNT))
    return COUNT


async def remembered(home: Path, server: RedisServer, characters: int) -> int:
    """Memories."""
    async with Mind.connect("big", settings=settings_for(server, home)) as mind:
        await anchor(mind, (thought(number, characters) for number in range(COUNT)))
    return COUNT


async def minds(home: Path, server: RedisServer, characters: int) -> int:
    """Minds that have thought once, and remember it."""
    for number in range(MINDS):
        async with Mind.connect(f"mind {number}", settings=settings_for(server, home)) as mind:
            await anchor(mind, [thought(number, characters)])
    return MINDS


Work = Callable[[Path, RedisServer, int], Coroutine[Any, Any, int]]
ROWS: tuple[tuple[str, Work, int], ...] = (
    (f"a waiting thought, {SHORT} characters", waiting, SHORT),
    (f"a waiting thought, {LONG:,} characters", waiting, LONG),
    (f"a memory, {SHORT} characters", remembered, SHORT),
    (f"a memory, {LONG:,} characters", remembered, LONG),
    (f"an agent's mind with one memory, {SHORT} characters", minds, SHORT),
)


def measure(work: Work, characters: int) -> dict[str, float]:
    """Bytes a thing, on a server of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder)
        (home / "redis").mkdir()
        server = RedisServer(programs()[WHEEL], home / "redis").start()
        try:
            with server.client() as client:
                asyncio.run(work(home / "warm", server, characters))  # scripts, buffers
                client.flushdb()
                before = used(client)
                count = asyncio.run(work(home / "mind", server, characters))
                memory = (used(client) - before) / count
                return {"memory": memory, "log": rewritten(client) / count}
        finally:
            server.stop()


def used(client: Any) -> int:
    """Bytes of the data set."""
    client.memory_purge()
    return int(client.info("memory")["used_memory_dataset"])


def rewritten(client: Any) -> int:
    """Bytes of the log once it is rewritten."""
    client.bgrewriteaof()

    def is_done() -> bool:
        found = client.info("persistence")
        return not (found["aof_rewrite_in_progress"] or found["aof_rewrite_scheduled"])

    wait_until(is_done, "the log is rewritten")
    return int(client.info("persistence")["aof_base_size"])


def show(found: dict[str, dict[str, float]]) -> None:
    table = Table(title="What things cost in Redis 8.2")
    for column in ("thing", "memory", "log, rewritten", "of 1 GB maxmemory"):
        table.add_column(column)
    for what, figures in found.items():
        table.add_row(
            what, f"{figures['memory']:,.0f} B", f"{figures['log']:,.0f} B",
            f"{(1 << 30) / figures['memory']:,.0f}",
        )  # fmt: skip
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    wants_json = parser.parse_args().json
    found = {what: measure(work, characters) for what, work, characters in ROWS}
    if wants_json:
        json.dump(found, sys.stdout)
    else:
        show(found)


if __name__ == "__main__":
    main()
