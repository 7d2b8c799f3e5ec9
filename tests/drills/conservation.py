"""The conservation of thoughts: everything is killed at random, and no thought may be missing.

    uv run python -m tests.drills.conservation --minutes 2

Producers write plain XADDs to three minds, services and a worker by hand attend them, people
intervene; meanwhile services, clients and Redis are killed (-9), frozen, restarted, and the
Functions flushed. Then everybody stops, what is under way comes to its end, and the account is made
by value from Redis' append-only file (see `witness`). What has no entry of its own anywhere
(expired, displaced) is what is left, and must be as many as the ledgers say. Ends with 1 if
anything is wrong.
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
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.drills.account import Account
from tests.drills.aftermath import audits, examine
from tests.drills.book import Book
from tests.drills.findings import Finding, table, zero
from tests.drills.footprint import flat
from tests.drills.people import ACTIONS
from tests.drills.stage import Drill, Stage
from tests.drills.witness import read
from tests.servers import WHEEL, RedisServer, programs, wait_until
from thoughtstream import keys
from thoughtstream.config import Settings

_REST_S = 60


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


def run(drill: Drill, home: Path) -> Report:
    """Run a drill in a directory of its own, which is left as it is."""
    stage = Stage(drill, home)
    try:
        stage.server.start()
        stage.services.start()
        clients, done, used = stage.soak()
        calm = _calm_down(stage.server, stage.settings, drill.services)
        stage.services.stop()
        after = examine(stage.server, stage.settings)
    finally:
        stage.end()
    book = Book.of(client.log for client in stage.clients)
    account = Account(
        book=book,
        histories=read(stage.data),
        audits=after.audits,
        left=after.left,
        redis_killed_at=stage.outages.killed_at,
        strict=drill.fsync == "always",
    )
    wrong = [*stage.services.wrong, *clients.wrong]
    return Report(
        done=_done(book, done),
        thoughts=account.numbers(),
        findings=[
            *account.findings(),
            *after.findings,
            calm,
            flat(used),
            zero("processes that ended badly", len(wrong), wrong),
        ],
    )


def _done(book: Book, done: Counter[str]) -> dict[str, int]:
    return {
        "thoughts acknowledged": len(book.acknowledged),
        "thoughts without an answer": len(book.unknown),
        "of all these, bad ones": book.count["bad"],
        **{f"interventions: {action}": book.count[action] for action in sorted(ACTIONS)},
        "interventions refused: too late": book.count["refused"],
        "cycles by hand": book.count["cycle"],
        **dict(sorted(done.items())),
    }


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
    console.print(done, thoughts, table(report.findings))


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
        report = run(drill, Path(home))
    if as_json:
        json.dump(dataclasses.asdict(drill) | dataclasses.asdict(report), sys.stdout, indent=2)
    else:
        show(drill, report)
    sys.exit(0 if report.good else 1)


if __name__ == "__main__":
    main()
