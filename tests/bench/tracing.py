"""What tracing costs: with it ÷ without, turn and turn about in one run.

    uv run python -m tests.bench.tracing [--rounds 100] [--json]

A thought that is written, a cycle that attends one, a task from `submit` to its end: the CPU time
of this process, medians of many short rounds, with spans that are encoded for OTLP, then dropped.
"Off" is the time that the calls take which are made where nothing is traced, beside all of it.
"""

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from pathlib import Path
from timeit import timeit

import uvloop
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from tests.bench.figures import show
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream.attention.attention import LIBRARY, Attention
from thoughtstream.attention.models import NewThought
from thoughtstream.attention.traced import tell
from thoughtstream.attention.windows import Windows
from thoughtstream.config import RedisConfig
from thoughtstream.coordination.models import NewTask
from thoughtstream.coordination.queue import Queue
from thoughtstream.coordination.running import Runner
from thoughtstream.coordination.tasks import TaskQueue
from thoughtstream.keys import STANDARD_WINDOWS
from thoughtstream.store.client import Client
from thoughtstream.store.connection import connect
from thoughtstream.tracing.spans import Spans
from thoughtstream.tracing.traces import NOTHING, Traces

TIMES = 40
"""Of one kind, before it is the other's turn."""

_FIRST = 5
"""Rounds that are not counted: everything is new in them."""


class Dropped(SpanExporter):
    """Encodes spans as OTLP does, and sends them nowhere."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        encode_spans(spans).SerializeToString()
        return SpanExportResult.SUCCESS


class Bench:
    """Rounds of thoughts, cycles and tasks, each in a new mind and queue."""

    def __init__(self, redis: Client, threads: ThreadPoolExecutor) -> None:
        self._redis = redis
        self._threads = threads
        self._attention = Attention(redis)
        self._names = count()
        self._tasks = TaskQueue("bench")
        self._call = self._tasks.task(_nothing).with_args()

    async def round(self, traces: Traces) -> tuple[float, float, float]:
        """CPU (s) of so many thoughts, of the cycles that attend them, of so many tasks."""
        mind, clock = f"bench {next(self._names)}", time.process_time
        windows = Windows(self._redis, mind, 65_536, traces)
        times = [clock()]
        for n in range(TIMES):
            await windows.write([NewThought.of(f"thought {n}", salience=0.9)])
        times.append(clock())
        for _ in range(TIMES):
            began = time.perf_counter()
            report = await self._attention.cycle(mind, STANDARD_WINDOWS)
            tell(traces, mind, report, time.perf_counter() - began)
        times.append(clock())
        queue = Queue(self._redis, mind, traces=traces)
        runner = Runner(self._tasks, queue, self._threads, traces)
        for _ in range(TIMES):
            await queue.submit(NewTask(self._call.payload))
            [claim] = (await queue.round("me", claim=1)).claims
            await queue.round("me", [await runner.run(claim)])
        times.append(clock())
        thoughts, cycles, tasks = (b - a for a, b in pairwise(times))
        return thoughts, cycles, tasks


async def _nothing() -> None:
    """The least that a task can do."""


async def measure(home: Path, rounds: int) -> dict[str, float]:
    """The figures by name."""
    server = RedisServer(programs()[WHEEL], home, "appendonly no").start()
    redis = connect(RedisConfig(url=server.url))
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Dropped()))
    kinds = {"on": Spans(provider.get_tracer("bench")), "off": NOTHING, "off again": NOTHING}
    found = defaultdict[str, list[tuple[float, ...]]](list)
    try:
        await LIBRARY.ensure(redis)
        with ThreadPoolExecutor(1) as threads:
            bench = Bench(redis, threads)
            for number in range(_FIRST + rounds):
                for kind in sorted(kinds, reverse=bool(number % 2)):
                    found[kind].append(await bench.round(kinds[kind]))
    finally:
        await redis.aclose()
        server.stop()
        provider.shutdown()
    middle = {
        kind: [statistics.median(its) / TIMES for its in zip(*figures[_FIRST:], strict=True)]
        for kind, figures in found.items()
    }
    figures = dict[str, float]()
    for at, (name, calls) in enumerate(_CALLS.items()):
        off = middle["off"][at]
        figures |= {
            f"{name}: on ÷ off": middle["on"][at] / off,
            f"{name}: off ÷ off": middle["off again"][at] / off,
            f"{name}: calls that are made off ÷ all": timeit(calls, number=10_000) / 10_000 / off,
            f"{name}: off, µs of CPU": off * 1e6,
        }
    return figures


def _thought() -> None:
    with NOTHING.produce("ana", ()) as sent:
        sent.named(())


def _cycle() -> None:
    NOTHING.attended("ana", "sensory", "1-0", "", 0)
    NOTHING.anchored("ana", (), 0)


def _task() -> None:
    with NOTHING.submit("chores", 1) as sent:
        sent.named(())
    with NOTHING.run("chores", "1", 1, "") as told:
        told.ended("completed", well=True)


_CALLS: dict[str, Callable[[], None]] = {"thought": _thought, "cycle": _cycle, "task": _task}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        found = uvloop.run(measure(Path(directory), options.rounds))
    show(found, as_json=options.json)


if __name__ == "__main__":
    main()
