"""The ADR's algorithm as written beside ours, on the same thoughts, in one run.

    uv run python -m tests.bench.side_by_side

So many thoughts compete; then cycle after cycle selects one; selections count a thought once. A
selection is *wrong* if it is not the strongest of all thoughts that compete and have not been
attended, *again* if it was selected before; a thought is *lost* if nobody attended or forgot it and
no cycle can select it any more; a *ghost* is an entry that stays pending.
"""

import argparse
import asyncio
import dataclasses
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from tests.bench.adr import STREAMS, AdrAttention, Reading
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import keys
from thoughtstream.attention.attention import Attention
from thoughtstream.config import RedisConfig, StreamConfig
from thoughtstream.store.connection import connect

COMPETING = (100, 1_000, 10_000, 100_000)
MOST_CYCLES = 1000
CONFIG = StreamConfig(
    working_memory_ttl_ms=3_600_000, working_memory_maxlen=0, forget="delete", cycle_target_ms=1
)
MIND = "bench"
_OTHERS = ("FCALL", "FUNCTION", "CONFIG", "INFO", "PING", "FLUSHALL", "CLIENT", "HELLO", "COMMAND")


@dataclass(frozen=True)
class Row:
    """One algorithm on one number of thoughts; times in µs."""

    algorithm: str
    competing: int
    cycles: int
    p50_us: float
    p99_us: float
    selections_per_s: float
    again: int
    wrong: int
    lost: int
    ghosts: int


class Contest:
    """What an ideal observer knows: who competes, and who is the strongest."""

    def __init__(self, thoughts: dict[str, float]) -> None:
        self._scores = thoughts
        self._strongest = sorted(thoughts, key=lambda thought: thoughts[thought])
        self._out: set[str] = set()
        self.selected: set[str] = set()
        self.wrong = 0

    def select(self, thought: str) -> None:
        """A cycle has attended this thought."""
        while self._strongest[-1] in self._out:
            self._strongest.pop()
        self.wrong += thought != self._strongest[-1]
        self._out.add(thought)
        self.selected.add(thought)

    def forget(self, thoughts: Collection[str]) -> None:
        """A cycle has forgotten these on purpose."""
        self._out.update(thoughts)

    @property
    def left(self) -> set[str]:
        """Who still should compete."""
        return self._scores.keys() - self._out


def thoughts_of(count: int) -> dict[str, float]:
    """Thoughts by content, with their salience, all different."""
    chance = random.Random(count)
    return {f"thought {n} {'x' * 180}": chance.random() for n in range(count)}


async def write(redis: Any, thoughts: dict[str, float], windows: tuple[str, ...]) -> None:
    pipe = redis.pipeline(transaction=False)
    for n, (content, salience) in enumerate(thoughts.items()):
        pipe.xadd(windows[n % 4], {"content": content, "salience": repr(salience)})
        if len(pipe) == 1000:
            await pipe.execute()
    await pipe.execute()


async def timed_cycles(cycles: int, cycle: Callable[[], Awaitable[bool]]) -> list[float]:
    """Seconds each; ends early when there is nothing to select any more."""
    spent = []
    for _ in range(cycles):
        start = time.perf_counter()
        selected = await cycle()
        if not selected:
            break
        spent.append(time.perf_counter() - start)
    return spent


async def adr(redis: Any, count: int, reading: Reading) -> Row:
    """The ADR's algorithm."""
    thoughts = thoughts_of(count)
    await write(redis, thoughts, STREAMS)
    attention, contest = AdrAttention(redis, CONFIG, reading), Contest(thoughts)
    await attention.begin()

    async def cycle() -> bool:
        answer = await attention.cycle()
        if answer is None:
            return False
        winner, weak = answer
        contest.select(winner.content)
        contest.forget({loser.content for loser in weak})
        return True

    spent = await timed_cycles(min(count // 2, MOST_CYCLES), cycle)
    pending = [group for key in STREAMS for group in await redis.xinfo_groups(key)]
    read = [
        fields["content"]
        for key, group in zip(STREAMS, pending, strict=True)
        if reading == "grouped"
        for _, fields in await redis.xrange(key, "-", group["last-delivered-id"])
    ]
    name = "ADR as written" if reading == "written" else "ADR with its group"
    lost = len(contest.left & set(read))
    return row(name, count, spent, contest, lost, sum(group["pending"] for group in pending))


async def ours(redis: Any, count: int) -> tuple[Row, dict[str, dict[str, float]]]:
    """Our cycle, and where its time went in the server."""
    thoughts = thoughts_of(count)
    windows = tuple(keys.WINDOW.key(mind=MIND, window=window) for window in keys.STANDARD_WINDOWS)
    await write(redis, thoughts, windows)
    attention, contest = Attention(redis, CONFIG), Contest(thoughts)
    await attention.cycle(MIND, keys.STANDARD_WINDOWS, mode="settle")
    await redis.config_resetstat()
    weak = sorted((s, t) for t, s in thoughts.items() if s < CONFIG.forget_threshold)

    async def cycle() -> bool:
        report = await attention.cycle(MIND, keys.STANDARD_WINDOWS)
        if report.attended is None:
            return False
        contest.select(report.attended.content)
        gone = report.moved.get("forgotten", 0)
        contest.forget({thought for _, thought in weak[:gone]})
        del weak[:gone]
        return True

    spent = await timed_cycles(min(count // 2, MOST_CYCLES), cycle)
    inside = await in_server(redis)
    audit = await attention.audit(MIND, keys.STANDARD_WINDOWS)
    assert audit.balanced, audit.faults
    groups = [group for window in windows for group in await redis.xinfo_groups(window)]
    lost = len(contest.left) - audit.competing
    ghosts = sum(group["pending"] for group in groups)
    return row("ours", count, spent, contest, lost, ghosts), inside


def row(name: str, count: int, spent: list[float], contest: Contest, lost: int, ghosts: int) -> Row:
    return Row(
        algorithm=name,
        competing=count,
        cycles=len(spent),
        p50_us=statistics.median(spent) * 1e6,
        p99_us=sorted(spent)[int(len(spent) * 0.99)] * 1e6,
        selections_per_s=len(contest.selected) / sum(spent),
        again=len(spent) - len(contest.selected),
        wrong=contest.wrong,
        lost=lost,
        ghosts=ghosts,
    )


async def in_server(redis: Any) -> dict[str, dict[str, float]]:
    """Where the time of our cycles went: of each command, calls and µs a cycle."""
    stats = {
        name.removeprefix("cmdstat_").upper(): stat
        for name, stat in (await redis.info("commandstats")).items()
    }
    cycles, total = stats["FCALL"]["calls"], stats["FCALL"]["usec"]
    parts = {
        name: {"calls": stat["calls"] / cycles, "us": stat["usec"] / cycles}
        for name, stat in stats.items()
        if name.split("|")[0] not in _OTHERS
    }
    inside = sum(part["us"] for part in parts.values())
    parts["Lua, and calling from it"] = {"calls": 1.0, "us": total / cycles - inside}
    return dict(sorted(parts.items(), key=lambda item: -item[1]["us"]))


async def measure(home: Path) -> tuple[list[Row], dict[str, dict[str, float]]]:
    """All rows, and where our time goes at the most thoughts."""
    server = RedisServer(programs()[WHEEL], home).start()
    redis: Any = connect(RedisConfig(url=server.url, timeout_s=60))
    rows = []
    try:
        for count in COMPETING:
            for reading in ("written", "grouped"):
                await redis.flushall()
                rows.append(await adr(redis, count, reading))
            await redis.flushall()
            own, spent = await ours(redis, count)
            rows.append(own)
    finally:
        await redis.aclose()
        await asyncio.to_thread(server.stop)
    return rows, spent


def show(rows: list[Row], spent: dict[str, dict[str, float]]) -> None:
    names = ("competing", "algorithm", "cycles", "p50 µs", "p99 µs", "selections/s", "again",
             "wrong", "lost", "ghosts")  # fmt: skip
    table = Table(title="Selecting the strongest thought")
    for name in names:
        table.add_column(name, justify="left" if name == "algorithm" else "right")
    for one in rows:
        table.add_row(
            f"{one.competing:,}", one.algorithm, f"{one.cycles:,}", f"{one.p50_us:,.0f}",
            f"{one.p99_us:,.0f}", f"{one.selections_per_s:,.1f}", f"{one.again:,}",
            f"{one.wrong:,}", f"{one.lost:,}", f"{one.ghosts:,}",
            end_section=one.algorithm == "ours",
        )  # fmt: skip
    total = sum(part["us"] for part in spent.values())
    inside = Table(title=f"One of our cycles in the server: {total:.1f} µs")
    for name in ("where", "calls a cycle", "µs", "part"):
        inside.add_column(name, justify="left" if name == "where" else "right")
    for name, part in spent.items():
        us = part["us"]
        inside.add_row(name, f"{part['calls']:.2f}", f"{us:.2f}", f"{us / total:.0%}")
    Console().print(table, inside)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    wants_json = parser.parse_args().json
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        rows, spent = uvloop.run(measure(Path(home)))
    if wants_json:
        found = {"rows": [dataclasses.asdict(one) for one in rows], "in_server": spent}
        json.dump(found, sys.stdout, indent=2)
    else:
        show(rows, spent)


if __name__ == "__main__":
    main()
