"""What readers of the event stream cost: the web process, beside the least that can do it; and what
they cost attention, which has a process of its own.

    uv run python -m tests.bench.watchers [--readers 1000] [--seconds 20] [--turns 3] [--json]

In each turn the readers first read from the web process, then the same state from the baseline, so
that a busy machine slows both; a tenth of them never read, and a tenth vanish in the middle.
Compare µs of the server's CPU a delivered state or event: what is lost of the machine's time, they
lose too. (With each state, the web process sends what happened since the last; the baseline sends
states only.)
Attention cycles are measured by the service itself, ten seconds at a time. What they take while the
readers read from the web process ÷ from the baseline is what the web process does to them: Redis,
the readers and as many events there are in both.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from tests.bench.web_processes import Served, baseline, web_process
from tests.servers import WHEEL, RedisServer, programs
from tests.services import ServiceProcess, until
from tests.web.streams import reading, request
from thoughtstream import Mind
from thoughtstream.config import RedisConfig, Settings
from thoughtstream.coordination.membership import alive_services

READERS = (1000,)
SECONDS, TURNS = 20, 3
MINDS, THOUGHTS_A_SECOND = 10, 20
"""Of each mind: there is a cycle for each, and one in a hundred of many is no accident."""

_OF_EACH_KIND = 10
"""One in so many never reads, one in so many vanishes."""

_RHYTHM_S = 10.0
"""A service tells of its last ten seconds."""

_CLOSED_S = 10.0
_COMPARED = ("us_a_state", "us_an_event", "cycle_p50_ms", "cycle_p99_ms")
_SETTLE_S = 3.0

Row = dict[str, Any]


@dataclass(frozen=True)
class Crowd:
    """Readers in a process of their own (`tests.bench.crowd`)."""

    process: subprocess.Popen[str]

    def say(self, line: str) -> list[int]:
        """Have it do something; returns its answer."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return [int(number) for number in self.process.stdout.readline().split()]


async def measure(home: Path, readers: list[int], seconds: float, turns: int) -> list[Row]:
    """A row for each number of readers."""
    redis = RedisServer(programs()[WHEEL], home, "appendonly no").start()
    service = ServiceProcess(redis.url, home / "service")
    try:
        service.start().wait_until_ready()
        settings = Settings(home=home / "web", redis=RedisConfig(url=redis.url))
        with web_process(settings) as ours:
            async with _lively(settings) as mind:
                with baseline("tests.bench.bare_hub", ours, await _a_state(ours)) as bare:
                    return [
                        await _row(mind, ours, bare, number, seconds, turns) for number in readers
                    ]
    finally:
        service.stop()
        redis.stop()


async def _row(
    mind: Mind, ours: Served, bare: Served, readers: int, seconds: float, turns: int
) -> Row:
    found: dict[str, list[Row]] = {"ours": [], "bare": []}
    for _ in range(turns):
        for name, served in (("ours", ours), ("bare", bare)):
            found[name].append(await _turn(mind, served, readers, seconds))
    its, least = found["ours"], found["bare"]
    return {
        "readers": readers,
        "ours": _medians(its),
        "bare": _medians(least),
        **{f"{name}, ratio": _ratio(its, least, name) for name in _COMPARED},
        "kb_a_reader": max(turn["kb_a_reader"] for turn in its),
        "left_open": max(turn["left_open"] for turn in its),
    }


def _medians(turns: list[Row]) -> Row:
    return {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}


def _ratio(its: list[Row], others: list[Row], name: str) -> float:
    ratios: list[float] = [one[name] / other[name] for one, other in zip(its, others, strict=True)]
    return round(statistics.median(ratios), 3)


async def _turn(mind: Mind, served: Served, readers: int, seconds: float) -> Row:
    """All read for so long; a tenth of them vanishes after half of it."""
    open_before, bytes_before = _open(served), served.process.memory_info().rss
    with _crowd(served, readers) as crowd:
        await asyncio.sleep(_SETTLE_S)
        began, cpu_s, before = time.monotonic(), served.cpu_s(), crowd.say("count")
        rhythms, most = list[tuple[float, float]](), served.process.memory_info().rss
        for part in range(_parts(seconds)):
            if part == _parts(seconds) // 2:
                crowd.say(f"vanish {readers // _OF_EACH_KIND}")
            await asyncio.sleep(_RHYTHM_S)
            rhythms.append(await _rhythm(mind))
            most = max(most, served.process.memory_info().rss)
        spent, now = served.cpu_s() - cpu_s, crowd.say("count")
        states, events = (max(after - was, 1) for was, after in zip(before, now, strict=True))
        took = time.monotonic() - began
    return {
        "us_a_state": round(1e6 * spent / states, 1),
        "us_an_event": round(1e6 * spent / events, 1),
        "core": round(spent / took, 3),
        "states_a_second": round(states / took),
        "events_a_second": round(events / took),
        "cycle_p50_ms": statistics.median(p50 for p50, _ in rhythms),
        "cycle_p99_ms": statistics.median(p99 for _, p99 in rhythms),
        "kb_a_reader": round((most - bytes_before) / 1024 / readers, 1),
        "left_open": await _left_open(served, open_before),
    }


def _parts(seconds: float) -> int:
    return max(round(seconds / _RHYTHM_S), 1)


def _open(served: Served) -> int:
    """Connections on its port."""
    all_of_it = served.process.net_connections("tcp")
    own = [one for one in all_of_it if one.laddr.port == served.web.port]
    return sum(one.status != psutil.CONN_LISTEN for one in own)


async def _left_open(served: Served, before: int) -> int:
    """Of what was opened since, as soon as nothing is, or after ten seconds."""

    async def nothing() -> bool:
        return _open(served) <= before

    try:
        await until(nothing, most_s=_CLOSED_S)
    except TimeoutError:
        return _open(served) - before
    return 0


async def _rhythm(mind: Mind) -> tuple[float, float]:
    """p50 and p99 of a cycle (ms) in the last ten seconds, as the service says."""
    (service,) = await alive_services(mind._redis)
    rhythm = service.about["rhythm"]
    return rhythm["cycle_p50_ms"], rhythm["cycle_p99_ms"]


@asynccontextmanager
async def _lively(settings: Settings) -> AsyncIterator[Mind]:
    """Minds that always have something to attend to; the first is the one that is watched."""

    async def think(mind: Mind) -> None:
        number = 0
        while True:
            number += 1
            await mind.think(f"thought {number}, as long as a short sentence is", salience=0.9)
            await asyncio.sleep(1 / THOUGHTS_A_SECOND)

    async with AsyncExitStack() as stack:
        names = ("ana", *(f"other {number}" for number in range(MINDS - 1)))
        minds = [
            await stack.enter_async_context(Mind.connect(name, settings=settings)) for name in names
        ]
        async with asyncio.TaskGroup() as tasks:
            thinking = [tasks.create_task(think(mind)) for mind in minds]
            await asyncio.sleep(_RHYTHM_S)
            yield minds[0]
            for one in thinking:
                one.cancel()


@contextmanager
def _crowd(served: Served, readers: int) -> Iterator[Crowd]:
    command = [sys.executable, "-m", "tests.bench.crowd", str(served.web.port), str(readers),
               str(readers // _OF_EACH_KIND)]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        crowd = Crowd(process)
        try:
            assert crowd.say(json.dumps(request(served.web, mind="ana").decode())) == [readers]
            yield crowd
        finally:
            process.communicate(timeout=30)


async def _a_state(ours: Served) -> bytes:
    async with reading(ours.web, mind="ana") as stream:
        await stream.until("state")
        state = await stream.until("state")
        text = json.dumps(state.data, ensure_ascii=False, separators=(",", ":"))
        return f"event: state\ndata: {text}\n\n".encode()


def show(rows: list[Row]) -> None:
    """For people."""
    table = Table("", *(f"{row['readers']:,} readers" for row in rows))
    for name in rows[0]["ours"]:
        table.add_row(name, *(f"{row['ours'][name]} ({row['bare'][name]})" for row in rows))
    for name in (*(f"{name}, ratio" for name in _COMPARED), "kb_a_reader", "left_open"):
        table.add_row(name, *(str(row[name]) for row in rows))
    Console().print(table, "In brackets: the baseline. The last two: the most of all turns.")


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, nargs="+", default=READERS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of a turn")
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        rows = uvloop.run(measure(Path(home), given.readers, given.seconds, given.turns))
    if given.json:
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    else:
        show(rows)


if __name__ == "__main__":
    main()
