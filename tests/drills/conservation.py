"""The conservation of thoughts: everything is killed at random, and no thought may be missing.

    uv run python -m tests.drills.conservation --minutes 2

Producers write plain XADDs to three minds, services and a worker by hand attend them, people
intervene; meanwhile services and Redis are killed (-9), frozen, restarted, and the Functions
flushed. Then everybody stops, what is under way comes to its end, and the account is made by
value from Redis' append-only file (see `witness`). What has no entry of its own anywhere (expired,
displaced) is what is left, and must be as many as the ledgers say. Ends with 1 if anything is
wrong.
"""

import argparse
import asyncio
import dataclasses
import json
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import redis
import uvloop
from rich.console import Console
from rich.table import Table

from tests.drills.account import Account, Finding, zero
from tests.drills.aftermath import audits, examine
from tests.drills.chaos import Chaos
from tests.drills.load import Load
from tests.drills.witness import read
from tests.servers import WHEEL, RedisServer, programs, wait_until
from thoughtstream import keys
from thoughtstream.config import RedisConfig, Settings, StreamConfig

STREAMS = {
    "WORKING_MEMORY_TTL_MS": "800",
    "WORKING_MEMORY_MAXLEN": "100",
    "CYCLE_TARGET_MS": "5",
    "EPISODIC_MEMORY_MAXLEN": "300",
    "SEMANTIC_MEMORY_MAXLEN": "300",
    "UNCONSCIOUS_MAXLEN": "300",
    "ASSEMBLED_MAXLEN": "300",
    "REJECTED_MAXLEN": "100",
}
"""Everything bounded and short, so that memory has to be flat soon."""

SERVICE = {f"STREAMS__{name}": value for name, value in STREAMS.items()} | {
    "MEMORY__TRIGGER_REFRACTORY_MS": "2000",
}
GROWTH_ALLOWED = 0.2
SLACK_BYTES = 2 << 20
_SAMPLE_S = 0.2
_REST_S = 60


@dataclass(frozen=True)
class Drill:
    """What to do. `fsync`: `always` (nothing acknowledged may be lost) or `everysec`."""

    seconds: float = 120
    seed: int = 1
    redis: str = WHEEL
    fsync: str = "always"
    services: int = 2
    producers: int = 8
    per_second: float = 600


@dataclass(frozen=True)
class Report:
    """What was done, where the thoughts ended, and what was found."""

    done: dict[str, int]
    thoughts: dict[str, int]
    findings: list[Finding]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return all(finding.good for finding in self.findings)


async def run(drill: Drill, home: Path) -> Report:
    """Run a drill in a directory of its own, which is left as it is."""
    data = home / "redis"
    data.mkdir()
    server = RedisServer(
        programs()[drill.redis], data, f"appendfsync {drill.fsync}",
        "auto-aof-rewrite-percentage 0", "maxmemory 1gb",
    ).start()  # fmt: skip
    chaos = Chaos(server, home, drill.services, SERVICE, random.Random(drill.seed))
    streams = StreamConfig(**{name.lower(): int(value) for name, value in STREAMS.items()})
    settings = Settings(
        home=home / "by-hand", redis=RedisConfig(url=server.url), streams=streams
    )  # fmt: skip
    load = Load(settings, drill.seed, drill.per_second)
    try:
        chaos.start()
        used = await _soak(server, chaos, load, drill)
        calm = await asyncio.to_thread(_calm_down, server, settings, drill.services)
        await asyncio.to_thread(chaos.stop)
        after = await asyncio.to_thread(examine, server, settings)
    finally:
        chaos.kill()
        server.stop()
    account = Account(
        book=load.book,
        histories=await asyncio.to_thread(read, data),
        audits=after.audits,
        left=after.left,
        redis_killed_at=chaos.redis_killed_at,
        strict=drill.fsync == "always",
    )
    return Report(
        done=_done(load, chaos),
        thoughts=account.numbers(),
        findings=[
            *account.findings(),
            *after.findings,
            calm,
            _flat(used),
            zero("services that ended badly", len(chaos.wrong), chaos.wrong),
        ],
    )


def _done(load: Load, chaos: Chaos) -> dict[str, int]:
    book = load.book
    actions = Counter(action for action, _ in book.intervened.values())
    return {
        "thoughts acknowledged": len(book.acknowledged),
        "thoughts without an answer": len(book.unknown),
        "of all these, bad ones": len(book.bad),
        **{f"interventions: {action}": n for action, n in sorted(actions.items())},
        **dict(sorted(book.done.items())),
        **dict(sorted(chaos.done.items())),
    }


async def _soak(
    server: RedisServer, chaos: Chaos, load: Load, drill: Drill
) -> list[tuple[float, int]]:
    """Load and chaos for the drill's time; returns (part of the time, bytes used), again and
    again.
    """
    used: list[tuple[float, int]] = []
    async with asyncio.TaskGroup() as group:
        others = [
            group.create_task(load.run(drill.producers)),
            group.create_task(_measure(server, drill.seconds, used)),
        ]
        await chaos.run(drill.seconds)
        for task in others:
            task.cancel()
    return used


async def _measure(server: RedisServer, seconds: float, used: list[tuple[float, int]]) -> None:
    started = time.monotonic()
    while True:
        await asyncio.sleep(_SAMPLE_S)
        part = (time.monotonic() - started) / seconds
        with suppress(redis.RedisError):
            used.append((part, await asyncio.to_thread(_used_memory, server)))


def _used_memory(server: RedisServer) -> int:
    with server.client() as client:
        info: Any = client.info("memory")
        return int(info["used_memory"])


def _flat(used: list[tuple[float, int]]) -> Finding:
    """The second third of the time (the first is for warming up) against the last."""
    before = [n for part, n in used if 1 / 3 <= part < 2 / 3]
    after = [n for part, n in used if part >= 2 / 3]
    if not before or not after:
        return Finding("memory flat over the soak", "measured", "not measured", False)
    first, last = median(before), median(after)
    most = first * (1 + GROWTH_ALLOWED) + SLACK_BYTES
    said = f"{first / 2**20:.1f} MB, then {last / 2**20:.1f} MB"
    return Finding(
        "memory flat over the soak", f"at most {most / 2**20:.1f} MB", said, last <= most
    )


def _calm_down(server: RedisServer, settings: Settings, services: int) -> Finding:
    """Wait until the services have brought everything to its end, and only they are alive."""
    started = time.monotonic()
    with server.client() as client:

        def calm() -> bool:
            found = asyncio.run(audits(settings)).values()
            restless = sum(a.competing + a.intervening + a.unread for a in found)
            return not restless and client.zcard(keys.SERVICES.key()) == services

        try:
            wait_until(calm, "everything comes to its end", most_s=_REST_S, step_s=0.2)
        except TimeoutError:
            return Finding("everything comes to its end", f"in {_REST_S} s", "it does not", False)
    took = f"{time.monotonic() - started:.1f} s"
    return Finding("everything comes to its end", f"in {_REST_S} s", took, True)


def show(drill: Drill, report: Report) -> None:
    """Print what was done and what was found."""
    console = Console()
    title = (
        f"{drill.seconds:.0f} s, {drill.services} services, Redis {drill.redis}, "
        f"appendfsync {drill.fsync}, seed {drill.seed}"
    )
    done = Table("what was done", "times", title=title)
    done.columns[1].justify = "right"
    for name, times in report.done.items():
        done.add_row(name, f"{times:,}")
    thoughts = Table("where thoughts ended", "thoughts")
    thoughts.columns[1].justify = "right"
    for name, count in report.thoughts.items():
        thoughts.add_row(name, f"{count:,}")
    found = Table("checked", "wanted", "found", "")
    for finding in report.findings:
        mark = "[green]✓[/]" if finding.good else "[bold red]✗[/]"
        found.add_row(finding.check, finding.wanted, finding.found, mark)
    console.print(done, thoughts, found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--redis", choices=sorted(programs()), default=WHEEL)
    parser.add_argument("--fsync", choices=("always", "everysec"), default="always")
    parser.add_argument("--services", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    given = vars(parser.parse_args())
    minutes, seconds, as_json = given.pop("minutes"), given.pop("seconds"), given.pop("json")
    drill = Drill(seconds=seconds or (minutes or 2) * 60, **given)
    with tempfile.TemporaryDirectory(prefix="drill-") as home:
        report = uvloop.run(run(drill, Path(home)))
    if as_json:
        json.dump(dataclasses.asdict(drill) | dataclasses.asdict(report), sys.stdout, indent=2)
    else:
        show(drill, report)
    sys.exit(0 if report.good else 1)


if __name__ == "__main__":
    main()
