"""How far it grows: what minds, services and masters cost on one machine, and how soon a service is
there, or another in its place.

python -m tests.bench.growth [--minds 100 1000] [--busy 50] [--services 1 2] [--masters 1 3]
    [--most-s 600] [--json]

Every combination is measured, on servers of its own; none is begun after `--most-s`. All minds have
the same past, a memory and the standard windows, and are idle but for the busy ones, each of which
has five thoughts a second; `cached`: while 10,000 cache entries a second are made. CPU is in cores,
memory in bytes; `told` are the bytes of notifications.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from tests import clusters
from tests.bench.grown import Minds, name
from tests.servers import WHEEL, RedisServer, programs, wait_until
from tests.services import ServiceProcess
from thoughtstream import keys

CALM_S = 3.0
BUSY_S = 5.0
ROUND_S = 0.2
WOKEN = 50
TAKEN_OVER = 100
MOST_S = 300
_SETTINGS = {"STREAMS__WORKING_MEMORY_TTL_MS": "1000", "MEMORY__TRIGGER_LIMIT": "0"}


@contextmanager
def servers(home: Path, masters: int) -> Iterator[tuple[str, list[RedisServer]]]:
    """A URL and the masters."""
    program, calm = programs()[WHEEL], ("appendonly no",)
    if masters == 1:
        server = RedisServer(program, home, *calm).start()
        try:
            yield server.url, [server]
        finally:
            server.stop()
        return
    make = partial(RedisServer, program)
    with clusters.running(home, make, *calm, masters=masters) as cluster:
        yield cluster.url, list(cluster.servers.values())


class Run:
    """One combination, measured step by step."""

    def __init__(self, minds: Minds, services: list[ServiceProcess]) -> None:
        self.minds = minds
        self.services = services
        self.nodes = minds.servers

    def measure(self, busy: int) -> dict[str, Any]:
        """All figures."""
        bare = self._used()
        found: dict[str, Any] = {"start_s": self._start(), "settled_s": self._settle()}
        found |= {"redis_bytes": bare, "redis_served_bytes": self._used() - bare}
        found["service_bytes"] = [psutil.Process(s.pid).memory_info().rss for s in self.services]
        found["connections"] = sum(info["connected_clients"] for info in self._info("clients"))
        found |= self._spent("calm", CALM_S, lambda: time.sleep(CALM_S))
        found |= self._spent("cached", CALM_S, self._keep_caching)
        wake = self._wake()
        found |= {"wake_p50_ms": statistics.median(wake), "wake_most_ms": max(wake)}
        found |= self._spent("busy", BUSY_S, lambda: self._keep_busy(busy))
        found["restart_s"] = self._restart()
        found["take_over_s"] = self._take_over() if len(self.services) > 1 else None
        return found

    def _start(self) -> float:
        """Until the services serve all minds; there is no registry yet."""
        started = time.perf_counter()
        for service in self.services:
            service.start()
        for service in self.services:
            service.wait_until_ready(MOST_S)
        self._wait_until_served()
        return time.perf_counter() - started

    def _restart(self) -> float:
        """Of one service, until it serves its share again; it has a registry to read."""
        self.services[0].stop()
        started = time.perf_counter()
        self.services[0].start().wait_until_ready(MOST_S)
        self._wait_until_served()
        return time.perf_counter() - started

    def _wait_until_served(self) -> None:
        def are_served() -> bool:
            found = self.minds.served()
            return len(found) == len(self.services) and sum(found) == self.minds.count

        wait_until(are_served, "all minds are served", most_s=MOST_S, step_s=0.1)

    def _settle(self) -> float:
        """Until there are only heartbeats."""
        started, quiet = time.perf_counter(), 40 * len(self.services) * len(self.nodes)

        def is_quiet() -> bool:
            before = self._commands()
            time.sleep(0.5)
            return self._commands() - before < quiet

        wait_until(is_quiet, "nobody looks around", most_s=MOST_S, step_s=0.1)
        return time.perf_counter() - started

    def _spent(self, what: str, lasts_s: float, work: Any) -> dict[str, Any]:
        """Cores that the services and Redis use meanwhile, and bytes that are told."""
        pids = [[s.pid for s in self.services], [s.pid for s in self.nodes]]
        before, told = [_cpu_s(some) for some in pids], self._told()
        work()
        used = [(_cpu_s(some) - was) / lasts_s for some, was in zip(pids, before, strict=True)]
        told_now = self._told() - told
        return {f"{what}_cpu": used[0], f"{what}_redis_cpu": used[1], f"{what}_told": told_now}

    def _keep_busy(self, busy: int) -> None:
        end, thought = time.monotonic() + BUSY_S, list(range(min(busy, self.minds.count)))
        while (now := time.monotonic()) < end:
            self.minds.think(thought)
            time.sleep(max(0.0, now + ROUND_S - time.monotonic()))

    def _keep_caching(self) -> None:
        """10,000 new cache entries a second."""
        end, last = time.monotonic() + CALM_S, 0
        while (now := time.monotonic()) < end:
            self.minds.cache(range(last, last + 1000))
            last += 1000
            time.sleep(max(0.0, now + 0.1 - time.monotonic()))

    def _wake(self) -> list[float]:
        """Milliseconds from a thought in a random mind until it is attended."""
        chance, spent = random.Random(1), []
        for _ in range(WOKEN):
            number = chance.randrange(self.minds.count)
            stream, client = keys.ASSEMBLED.key(mind=name(number)), self.minds.client(number)
            last = client.xrevrange(stream, count=1)[0][0]
            started = time.perf_counter()
            self.minds.think([number])
            assert client.xread({stream: last}, block=30_000)
            spent.append((time.perf_counter() - started) * 1000)
        return spent

    def _take_over(self) -> float:
        """From kill -9 of a service until thoughts in any minds are attended."""
        self._settle()
        numbers = random.Random(2).sample(range(self.minds.count), TAKEN_OVER)
        before = self.minds.attended(numbers)
        self.services[-1].kill()
        started = time.perf_counter()
        self.minds.think(numbers)

        def are_attended() -> bool:
            pairs = zip(self.minds.attended(numbers), before, strict=True)
            return all(now > was for now, was in pairs)

        wait_until(are_attended, "others attend them", most_s=MOST_S)
        return time.perf_counter() - started

    def _info(self, section: str) -> list[Any]:
        return [client.info(section) for client in self.minds.clients]

    def _used(self) -> int:
        return sum(info["used_memory"] for info in self._info("memory"))

    def _commands(self) -> int:
        return sum(info["total_commands_processed"] for info in self._info("stats"))

    def _told(self) -> int:
        """Bytes that those who listen were sent."""
        listeners = (client.client_list("pubsub") for client in self.minds.clients)
        return sum(int(one["tot-net-out"]) for some in listeners for one in some)


def _cpu_s(pids: list[int]) -> float:
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


def measure(minds: int, busy: int, services: int, masters: int) -> dict[str, Any]:
    """One combination."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        home = Path(folder)
        (home / "redis").mkdir()
        url, nodes = stack.enter_context(servers(home / "redis", masters))
        all_ = [ServiceProcess(url, home / f"service-{n}", **_SETTINGS) for n in range(services)]
        for service in all_:
            stack.callback(service.kill)
        made = stack.enter_context(Minds.made(nodes, minds, all_[0]))
        found = Run(made, all_).measure(busy)
    return {"minds": minds, "busy": busy, "services": services, "masters": masters, **found}


def show(rows: list[dict[str, Any]]) -> None:
    """As a table, a column a combination."""
    table = Table(title="How far it grows")
    table.add_column("measured")
    for row in rows:
        table.add_column(f"{row['minds']:,}\n{row['services']} services\n{row['masters']} masters")
    for what in list(rows[0])[4:]:
        table.add_row(what, *(_text(what, row[what]) for row in rows))
    Console().print(table)


def _text(what: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return " ".join(_text(what, one) for one in value)
    if what.endswith(("_bytes", "_told")):
        return f"{value / 1e6:,.1f} MB"
    return f"{value:,.3g}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    several = {"type": int, "nargs": "+"}
    parser.add_argument("--minds", default=[100, 1000], **several)  # type: ignore[arg-type]
    parser.add_argument("--busy", type=int, default=50)
    parser.add_argument("--services", default=[1, 2], **several)  # type: ignore[arg-type]
    parser.add_argument("--masters", default=[1, 3], **several)  # type: ignore[arg-type]
    parser.add_argument("--most-s", type=float, default=600)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    end = time.monotonic() + options.most_s
    rows = []
    for masters, services, minds in product(options.masters, options.services, options.minds):
        if time.monotonic() < end:
            rows.append(measure(minds, options.busy, services, masters))
    if options.json:
        json.dump(rows, sys.stdout, indent=2)
    else:
        show(rows)


if __name__ == "__main__":
    main()
