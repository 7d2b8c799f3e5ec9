"""What the ASI-Arch document promises of Redis (sub-millisecond, 10,000+ operations a second, 99.9%
available), and what coordination does.

    uv run python -m tests.bench.promises [--drill 60] [--json]

Each operation takes turns with a PING on the same connection, so that a busy machine slows both;
then many callers of one process do it at once, as they do PINGs. What the server alone could do in
a second follows from the time that it says it spent. Availability comes from the drill of
coordination, in which Redis is killed all the time: one server, and a cluster. A heartbeat waits
5 ms for those of other agents of its process: they go out together.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from tests.drills.availability import Availability
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream.colony import Colony
from thoughtstream.config import QueueConfig, RedisConfig, Settings
from thoughtstream.coordination.agents import Agents
from thoughtstream.coordination.models import Claim, NewTask, Report
from thoughtstream.coordination.packets import Packet

TURNS = 2000
CALLERS = 32
AT_ONCE = 6000
BULK = 100
_NINES = 0.999

Operation = Callable[[], Awaitable[Any]]
Row = dict[str, Any]


async def operations(colony: Colony) -> dict[str, tuple[int, Operation]]:
    """What is measured: how many things one call does, and the call."""
    redis: Any = colony.redis
    agents = Agents(colony.redis, Settings().agents)
    ana = await agents.register("ana", ["tea"], holder="bench")
    queue, inbox = colony.queue("bench"), colony.queue("bulk")
    value, number = {"code": "x = 1\n" * 50}, itertools.count()
    await colony.cache.set("k", value)
    claims: list[Claim] = []

    async def round_() -> None:
        """Claim a task and finish the last one, as a worker does."""
        done = [Report.done(claims.pop(), "")] if claims else []
        claims.extend((await queue.round("w", done, claim=1)).claims)

    async def drain() -> None:
        got = (await inbox.round("w", claim=BULK)).claims
        await inbox.round("w", [Report.done(claim, "") for claim in got])

    async def packet() -> None:
        await colony.dispatch(Packet("seed", "bench", "x" * 100, targets=("ana",)))

    async def reserve() -> None:
        async with colony.reserve(f"port {next(number)}", by="ana"):
            pass

    return {
        "PING": (1, redis.ping),
        "heartbeat of an agent": (1, lambda: agents.beat(ana)),
        "status of an agent": (1, lambda: redis.get("agent_status:ana")),
        "hit of the cache": (1, lambda: colony.cache.get("k")),
        "task submitted": (1, lambda: queue.submit(NewTask("x" * 100))),
        "task run (a round)": (1, round_),
        "tasks submitted in bulk": (BULK, lambda: inbox.submit(*[NewTask("x" * 100)] * BULK)),
        "tasks run in bulk": (BULK, drain),
        "packet to an agent": (1, packet),
        "name reserved, given back": (1, reserve),
    }


async def measure(home: Path) -> list[Row]:
    """A row an operation, on a server of their own."""
    server = RedisServer(programs()[WHEEL], home).start()
    queue = QueueConfig(entries=1_000_000, bytes=1 << 30)
    settings = Settings(home=home / "home", redis=RedisConfig(url=server.url), queue=queue)
    try:
        async with Colony.connect(settings=settings) as colony:
            every = await operations(colony)
            _, ping = every["PING"]
            rows = [await _row(colony, name, *one, ping) for name, one in every.items()]
    finally:
        server.stop()
    return rows


async def _row(colony: Colony, name: str, things: int, call: Operation, ping: Operation) -> Row:
    turns = TURNS // (10 if things > 1 else 1)
    pings, spent = list[float](), list[float]()
    for _ in range(turns):
        pings.append(await _timed(ping))
        spent.append(await _timed(call))
    before = await _server_us(colony)
    rate = await _rate(call, AT_ONCE // (50 if things > 1 else 1)) * things
    calls = AT_ONCE // (50 if things > 1 else 1) * things
    server_us = (await _server_us(colony) - before) / calls
    pinged = await _rate(ping, AT_ONCE)
    return {
        "operation": name,
        "p50_ms": statistics.median(spent) * 1e3,
        "p99_ms": statistics.quantiles(spent, n=100)[98] * 1e3,
        "p50_over_ping": statistics.median(spent) / statistics.median(pings),
        "per_s": rate,
        "per_s_over_ping": rate / pinged,
        "server_per_s": 1e6 / server_us,
    }


async def _timed(call: Operation) -> float:
    start = time.perf_counter()
    await call()
    return time.perf_counter() - start


async def _rate(call: Operation, calls: int) -> float:
    """Calls a second of so many callers at once."""
    left = iter(range(calls))

    async def caller() -> None:
        for _ in left:
            await call()

    start = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return calls / (time.perf_counter() - start)


async def _server_us(colony: Colony) -> float:
    """What the server has spent on commands of clients (µs)."""
    stats: Any = await colony.redis.info("commandstats")
    return float(sum(one["usec"] for name, one in stats.items() if name != "cmdstat_info"))


def available(seconds: float, *, cluster: bool) -> Availability:
    """Of the drill of coordination, in a process of its own."""
    drill = [sys.executable, "-m", "tests.drills.coordination", "--json"]
    options = ["--minutes", str(seconds / 60), *(["--cluster"] if cluster else [])]
    done = subprocess.run([*drill, *options], stdout=subprocess.PIPE, text=True, check=False)
    _, _, answer = f"\n{done.stdout}".rpartition("\n{\n")  # what workers log is before it
    return Availability(**json.loads("{" + answer)["availability"])


def affords(found: Availability) -> float:
    """How often the outage in the middle may happen, for 99.9%: once in so many seconds."""
    return found.median_s / (1 - _NINES)


def show(answer: dict[str, Any], drills: dict[str, Availability]) -> None:
    names = ("p50 ms", "p99 ms", "/ PING", "ops/s", "/ PING", "server/s")
    table = Table("operation", *names, title=f"{CALLERS} callers of one process")
    for row in answer["operations"]:
        table.add_row(
            row["operation"], f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}",
            f"{row['p50_over_ping']:.1f}", f"{row['per_s']:,.0f}", f"{row['per_s_over_ping']:.2f}",
            f"{row['server_per_s']:,.0f}",
        )  # fmt: skip
    console = Console()
    console.print(table)
    for where, found in drills.items():
        console.print(f"{where}: {found.finding.check} {found.finding.found}")
        if found.outages_s:
            console.print(
                f"  99.9% affords such an outage once in {affords(found) / 60:.0f} minutes"
            )


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drill", type=float, default=60, help="seconds a drill; 0: none")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        rows = uvloop.run(measure(Path(home)))
    drills = {
        where: available(given.drill, cluster=cluster)
        for where, cluster in (("one server", False), ("cluster", True))
        if given.drill
    }
    answer = {"operations": rows, "availability": {w: _plain(found) for w, found in drills.items()}}
    if given.json:
        json.dump(answer, sys.stdout, indent=2)
    else:
        show(answer, drills)


def _plain(found: Availability) -> dict[str, Any]:
    return {
        "probes": found.probes,
        "answered": found.answered,
        "share": found.share,
        "outages_s": found.outages_s,
        "affords_one_in_s": affords(found),
    }


if __name__ == "__main__":
    main()
