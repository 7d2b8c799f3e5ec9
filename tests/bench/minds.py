"""A thousand minds, most of them idle: what they cost, how soon one wakes up, who takes over.

uv run python -m tests.bench.minds
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from tests.servers import WHEEL, RedisServer, programs, wait_until
from tests.services import ServiceProcess
from thoughtstream import keys
from thoughtstream.config import StreamConfig
from thoughtstream.coordination.membership import HEARTBEAT_S, LEASE_MS

MINDS = 1000
QUIET_S = 10.0
WOKEN = 200
TAKEN_OVER = 100
HEARTBEAT_COMMANDS = 30
TARGET_MS = StreamConfig().cycle_target_ms
_SETTINGS = {"STREAMS__WORKING_MEMORY_TTL_MS": "1000"}


def name(number: int) -> str:
    return f"mind {number}"


def think(client: Any, minds: Iterable[str]) -> None:
    """One plain XADD each: that is all that a new mind needs."""
    pipe = client.pipeline(transaction=False)
    for mind in minds:
        key = keys.WINDOW.key(mind=mind, window="sensory")
        pipe.xadd(key, {"content": "is anybody there?", "salience": "0.9"})
    pipe.execute()


def counts(client: Any, minds: list[str], count: str) -> list[int]:
    """A count of the ledgers of these minds."""
    pipe = client.pipeline(transaction=False)
    for mind in minds:
        pipe.hget(keys.LEDGER.key(mind=mind), count)
    return [int(answer or 0) for answer in pipe.execute()]


def until_all(client: Any, minds: list[str], count: str, at_least: int) -> float:
    """Wait until all have counted so many; returns the seconds it took."""
    started = time.perf_counter()
    wait_until(
        lambda: min(counts(client, minds, count)) >= at_least,
        f"{at_least} {count} in each of {len(minds)} minds",
        most_s=120,
    )
    return time.perf_counter() - started


def until_quiet(client: Any) -> None:
    """Wait until there is nothing but heartbeats: what was attended also brings memories back."""

    def is_quiet() -> bool:
        before = client.info("stats")["total_commands_processed"]
        time.sleep(1)
        return bool(client.info("stats")["total_commands_processed"] - before < HEARTBEAT_COMMANDS)

    wait_until(is_quiet, "nobody thinks", most_s=120)


def idle(pids: dict[str, int]) -> dict[str, float]:
    """CPU seconds that processes use while nobody thinks."""
    before = {who: sum(psutil.Process(pid).cpu_times()[:2]) for who, pid in pids.items()}
    time.sleep(QUIET_S)
    return {
        who: sum(psutil.Process(pid).cpu_times()[:2]) - before[who] for who, pid in pids.items()
    }


def wake(client: Any, chance: random.Random) -> list[float]:
    """Milliseconds from a thought in a random mind until it is attended."""
    spent = []
    for _ in range(WOKEN):
        mind = name(chance.randrange(MINDS))
        assembled = keys.ASSEMBLED.key(mind=mind)
        last = client.xrevrange(assembled, count=1)[0][0]
        start = time.perf_counter()
        think(client, [mind])
        assert client.xread({assembled: last}, block=30_000)
        spent.append((time.perf_counter() - start) * 1000)
    return spent


def pings(client: Any) -> list[float]:
    """Milliseconds of a PING."""
    spent = []
    for _ in range(WOKEN):
        start = time.perf_counter()
        client.ping()
        spent.append((time.perf_counter() - start) * 1000)
    return spent


def take_over(client: Any, first: ServiceProcess, second: ServiceProcess) -> float:
    """Seconds from kill -9 of one of two services until minds are all attended again."""
    second.start().wait_until_ready()

    def both_serve() -> bool:
        names = client.zrange(keys.SERVICES.key(), 0, -1)
        texts = client.mget([f"agent_status:{name}" for name in names])
        served = [json.loads(text)["minds"] for text in texts]
        return len(served) == 2 and sum(served) == MINDS and min(served) > 0

    wait_until(both_serve, "two services share the minds")
    minds = [name(number) for number in range(TAKEN_OVER)]
    first.kill()
    at = counts(client, minds, "attended")
    started = time.perf_counter()
    think(client, minds)
    wait_until(
        lambda: all(
            now > then for now, then in zip(counts(client, minds, "attended"), at, strict=True)
        ),
        "the minds of the killed service are attended",
    )
    return time.perf_counter() - started


def measure(home: Path) -> dict[str, Any]:
    """All figures, on a server of their own."""
    data = home / "redis"
    data.mkdir()
    server = RedisServer(programs()[WHEEL], data).start()
    services = [ServiceProcess(server.url, home / f"service-{n}", **_SETTINGS) for n in (1, 2)]
    everybody = [name(number) for number in range(MINDS)]
    try:
        with server.client() as client:
            services[0].start().wait_until_ready()
            think(client, everybody)
            first = until_all(client, everybody, "attended", 1)
            until_all(client, everybody, "anchored", 1)
            until_quiet(client)
            cpu = idle({"service": services[0].pid, "redis": server.pid})
            ping = pings(client)
            woken = wake(client, random.Random(1))
            until_all(client, everybody, "anchored", 1)
            taken = take_over(client, *services)
    finally:
        for service in services:
            service.kill()
        server.stop()
    p50, p99 = statistics.median(woken), statistics.quantiles(woken, n=100)[98]
    return {
        "minds": MINDS,
        "first_thoughts_s": first,
        "idle_cpu": {who: seconds / QUIET_S for who, seconds in cpu.items()},
        "ping_ms": statistics.median(ping),
        "wake_p50_ms": p50,
        "wake_p99_ms": p99,
        "wake_p50_of_target": p50 / TARGET_MS,
        "wake_p99_of_target": p99 / TARGET_MS,
        "take_over_s": taken,
        "take_over_of_lease": taken * 1000 / LEASE_MS,
    }


def show(found: dict[str, Any]) -> None:
    table = Table(title=f"One service, {found['minds']:,} minds")
    for column in ("measured", "figure", "beside"):
        table.add_column(column)
    rows = (
        ("all attended after a first thought in each", f"{found['first_thoughts_s']:.1f} s", ""),
        ("CPU of the service, nobody thinks", f"{found['idle_cpu']['service']:.1%}", "of one core"),
        ("CPU of Redis, nobody thinks", f"{found['idle_cpu']['redis']:.1%}", "of one core"),
        ("a thought in any mind is attended, p50", f"{found['wake_p50_ms']:.1f} ms",
         f"{found['wake_p50_of_target']:.2f} of the cycle target ({TARGET_MS} ms), "
         f"{found['wake_p50_ms'] / found['ping_ms']:.0f} PINGs"),
        ("p99", f"{found['wake_p99_ms']:.1f} ms", f"{found['wake_p99_of_target']:.2f} of it"),
        ("after kill -9 of one of two services", f"{found['take_over_s']:.1f} s",
         f"{found['take_over_of_lease']:.2f} of the lease ({LEASE_MS / 1000:.0f} s; "
         f"a heartbeat is {HEARTBEAT_S:.0f} s)"),
    )  # fmt: skip
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    wants_json = parser.parse_args().json
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        found = measure(Path(home))
    if wants_json:
        json.dump(found, sys.stdout, indent=2)
    else:
        show(found)


if __name__ == "__main__":
    main()
