"""What measuring costs a service: cycles with it ÷ cycles without, turn and turn about in one run.

    uv run python -m tests.bench.measuring [--rounds 300] [--json]

The loop of a mind attends one thought a cycle, without a pause between them, and measures what
every cycle causes: itself, how late it began, and a wake-up. Medians of many short rounds are
compared, since a machine that does other work slows some: the CPU time of this process, and the
time by the clock. "Nothing ÷ nothing" is the same without any measuring: what the run can't tell
from noise.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from itertools import count
from pathlib import Path

import uvloop

from tests.bench.figures import show
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream.attention.attention import LIBRARY, Attention
from thoughtstream.attention.loop import AttentionLoop
from thoughtstream.attention.models import CycleReport, NewThought
from thoughtstream.attention.rhythm import Rhythm
from thoughtstream.attention.windows import Windows
from thoughtstream.config import RedisConfig
from thoughtstream.faults import Faults
from thoughtstream.measuring import service as metrics
from thoughtstream.measuring.measures import Measures
from thoughtstream.measuring.prometheus import PrometheusMeasures
from thoughtstream.store.client import Client
from thoughtstream.store.connection import connect

CYCLES = 40
"""Of one kind, before it is the other's turn."""

_FIRST = 5
"""Rounds that are not counted: everything is new in them."""

Figures = tuple[float, float]


class Bench:
    """Rounds of cycles, each in a new mind."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._attention = Attention(redis)
        self._names = count()

    async def round(self, measures: Measures) -> Figures:
        """CPU and time (s) of so many cycles."""
        mind, done, left = f"bench {next(self._names)}", asyncio.Event(), CYCLES
        thoughts = [NewThought.of(f"thought {n}", salience=0.9) for n in range(CYCLES)]
        await Windows(self._redis, mind, 65_536).write(thoughts)

        def cycled(_: str, __: CycleReport, ___: float) -> None:
            nonlocal left
            left -= 1
            measures.count(metrics.WAKEUPS, "notified")
            if not left:
                done.set()

        loop = AttentionLoop(
            self._attention, mind, target_ms=0, rhythm=Rhythm(measures), on_cycle=cycled,
            faults=Faults(),
        )  # fmt: skip
        cpu, began = time.process_time(), time.perf_counter()
        turns = asyncio.Semaphore(16)
        running = asyncio.create_task(loop.run(None, turns, (), lambda: None))
        await done.wait()
        took = time.process_time() - cpu, time.perf_counter() - began
        running.cancel()
        await asyncio.wait({running})
        return took


async def measure(home: Path, rounds: int) -> dict[str, float]:
    """The figures by name."""
    server = RedisServer(programs()[WHEEL], home, "appendonly no").start()
    redis = connect(RedisConfig(url=server.url))
    kinds = {
        "with": PrometheusMeasures(metrics.SERVICE),
        "nothing": Measures(),
        "without": Measures(),
    }
    found = defaultdict[str, list[Figures]](list)
    try:
        await LIBRARY.ensure(redis)
        bench = Bench(redis)
        for number in range(_FIRST + rounds):
            for kind in sorted(kinds, reverse=bool(number % 2)):
                found[kind].append(await bench.round(kinds[kind]))
    finally:
        await redis.aclose()
        server.stop()
    middle = {
        kind: [statistics.median(its) for its in zip(*figures[_FIRST:], strict=True)]
        for kind, figures in found.items()
    }
    (cpu, clock), nothing, plain = middle["with"], middle["nothing"], middle["without"]
    return {
        "CPU, with ÷ without": cpu / plain[0],
        "CPU, nothing ÷ nothing": nothing[0] / plain[0],
        "time, with ÷ without": clock / plain[1],
        "time, nothing ÷ nothing": nothing[1] / plain[1],
        "a cycle without, µs of CPU": plain[0] / CYCLES * 1e6,
        "a cycle without, µs": plain[1] / CYCLES * 1e6,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        found = uvloop.run(measure(Path(directory), options.rounds))
    show(found, as_json=options.json)


if __name__ == "__main__":
    main()
