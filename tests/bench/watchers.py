"""What readers of the event stream cost: the web process, beside the least that can do it; and what
they cost attention, which has a process of its own.

    uv run python -m tests.bench.watchers [--readers 300 1000] [--seconds 15] [--json]

Both servers send the same state to the same readers in turns, in one run, so that a busy machine
slows both. The readers live in this process: what it loses of the machine's time, events lose too,
so compare µs of the server's CPU a delivered event.
"""

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from tests.servers import WHEEL, RedisServer, programs, wait_until
from tests.services import ServiceProcess
from tests.web.served import Web
from tests.web.streams import reading, request
from thoughtstream import Mind
from thoughtstream.config import RedisConfig, Settings
from thoughtstream.coordination.membership import alive_services
from thoughtstream.faces.web.place import address, owners_secret
from thoughtstream.home.home import Home

READERS = (300, 1000)
SECONDS = 15
THOUGHTS_A_SECOND = 20
_SETTLE_S = 3.0
_RHYTHM_S = 11.0
"""A service tells of its last ten seconds."""

Row = dict[str, Any]


@dataclass
class Count:
    """Events that came."""

    events: int = 0


@dataclass(frozen=True)
class Served:
    """A server process, and how its readers ask."""

    process: psutil.Process
    web: Web

    def cpu_s(self) -> float:
        """The time that it has spent."""
        spent = self.process.cpu_times()
        return float(spent.user + spent.system)


async def measure(home: Path, readers: list[int], seconds: float) -> list[Row]:
    """A row for each number of readers."""
    redis = RedisServer(programs()[WHEEL], home, "appendonly no").start()
    service = ServiceProcess(redis.url, home / "service", WEB__ENABLED="false")
    try:
        service.start().wait_until_ready()
        settings = Settings(home=home / "web", redis=RedisConfig(url=redis.url))
        with _web(settings) as ours:
            async with Mind.connect("ana", settings=settings) as mind, _lively(mind):
                await asyncio.sleep(_RHYTHM_S)
                with _bare(ours, await _a_state(ours)) as bare:
                    return [await _row(mind, ours, bare, number, seconds) for number in readers]
    finally:
        service.stop()
        redis.stop()


async def _row(mind: Mind, ours: Served, bare: Served, readers: int, seconds: float) -> Row:
    before_kb = ours.process.memory_info().rss // 1024
    async with _counting(ours, readers) as count:
        await asyncio.sleep(_SETTLE_S)
        kb = ours.process.memory_info().rss // 1024 - before_kb
        its = await _during(ours, count, seconds)
        with_readers = await _rhythm(mind)
    await asyncio.sleep(_RHYTHM_S)
    alone = await _rhythm(mind)
    async with _counting(bare, readers) as count:
        await asyncio.sleep(_SETTLE_S)
        least = await _during(bare, count, seconds)
    return {
        "readers": readers,
        "ours": its,
        "bare": least,
        "ratio": round(its["us_an_event"] / least["us_an_event"], 2),
        "kb_a_reader": round(kb / readers, 1),
        "cycle_ms_with": with_readers,
        "cycle_ms_without": alone,
    }


async def _during(served: Served, count: Count, seconds: float) -> Row:
    cpu_s, events, began = served.cpu_s(), count.events, time.monotonic()
    await asyncio.sleep(seconds)
    spent, came, took = served.cpu_s() - cpu_s, count.events - events, time.monotonic() - began
    return {
        "us_an_event": round(1e6 * spent / max(came, 1), 1),
        "core": round(spent / took, 3),
        "events_a_second": round(came / took),
    }


async def _rhythm(mind: Mind) -> tuple[float, float]:
    """p50 and p99 of a cycle (ms) in the last ten seconds, as the service says."""
    (service,) = await alive_services(mind._redis)
    rhythm = service.about["rhythm"]
    return rhythm["cycle_p50_ms"], rhythm["cycle_p99_ms"]


@asynccontextmanager
async def _lively(mind: Mind) -> AsyncIterator[None]:
    """It always has something to attend to."""

    async def think() -> None:
        number = 0
        while True:
            number += 1
            await mind.think(f"thought {number}, as long as a short sentence is", salience=0.9)
            await asyncio.sleep(1 / THOUGHTS_A_SECOND)

    thinking = asyncio.create_task(think())
    try:
        yield
    finally:
        thinking.cancel()


@asynccontextmanager
async def _counting(served: Served, readers: int) -> AsyncIterator[Count]:
    """So many readers that count events and do nothing else."""
    count = Count()
    async with AsyncExitStack() as stack:
        for _ in range(readers):
            reader, writer = await asyncio.open_connection("localhost", served.web.port)
            stack.callback(_abort, writer)
            writer.write(request(served.web, mind="ana"))
            counting = asyncio.create_task(_count(reader, count))
            stack.callback(counting.cancel)
        yield count


def _abort(writer: asyncio.StreamWriter) -> None:
    """A writer that nobody keeps closes its connection, so it is kept for this."""
    writer.transport.abort()


async def _count(reader: asyncio.StreamReader, count: Count) -> None:
    while chunk := await reader.read(2**18):
        count.events += chunk.count(b"event: ")


async def _a_state(ours: Served) -> bytes:
    async with reading(ours.web, mind="ana") as stream:
        await stream.until("state")
        state = await stream.until("state")
        text = json.dumps(state.data, ensure_ascii=False, separators=(",", ":"))
        return f"event: state\ndata: {text}\n\n".encode()


@contextmanager
def _web(settings: Settings) -> Iterator[Served]:
    """`thoughtstream web`, in its own process."""
    Home.at(settings.home).prepare()
    secret = owners_secret(settings)
    own = {
        "THOUGHTSTREAM_HOME": str(settings.home),
        "THOUGHTSTREAM_WEB__PORT": "0",
        "REDIS_URL": str(settings.redis.url),
    }
    command = [sys.executable, "-m", "thoughtstream.faces.cli", "web"]
    with _process(command, os.environ | own) as process:
        wait_until(lambda: address(settings), "the web process listens")
        port = int(str(address(settings)).rpartition(":")[2])
        yield Served(psutil.Process(process.pid), Web(settings, port, secret))


@contextmanager
def _bare(ours: Served, event: bytes) -> Iterator[Served]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.bench.bare_hub", str(port)]
    with _process(command, os.environ, event) as process:
        wait_until(lambda: _listens(port), "the baseline listens")
        yield Served(psutil.Process(process.pid), Web(ours.web.settings, port, ours.web.token))


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@contextmanager
def _process(command: list[str], env: Any, given: bytes = b"") -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(given)
    process.stdin.close()
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:  # the baseline waits for its readers
            process.kill()
            process.wait()


def show(rows: list[Row]) -> None:
    """For people."""
    table = Table("readers", "µs an event", "baseline", "÷", "core", "events/s", "KB a reader",
                  "cycle p50, p99 (ms) with", "without")  # fmt: skip
    for row in rows:
        table.add_row(
            f"{row['readers']:,}",
            str(row["ours"]["us_an_event"]),
            str(row["bare"]["us_an_event"]),
            str(row["ratio"]),
            f"{row['ours']['core']:.0%}",
            f"{row['ours']['events_a_second']:,}",
            str(row["kb_a_reader"]),
            "{}, {}".format(*row["cycle_ms_with"]),
            "{}, {}".format(*row["cycle_ms_without"]),
        )
    Console().print(table)


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, nargs="+", default=READERS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        rows = uvloop.run(measure(Path(home), given.readers, given.seconds))
    if given.json:
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    else:
        show(rows)


if __name__ == "__main__":
    main()
