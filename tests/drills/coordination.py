"""The conservation of tasks: producers, workers and Redis are killed at random, and no task may be
missing.

    uv run python -m tests.drills.coordination --minutes 2

Producers submit tasks to one queue, workers run them; meanwhile somebody is killed (-9) every
200 ms: producers, workers and now and then Redis itself, or, with `--cluster`, a master that a
replica takes over from. All the while the books are audited. Then the producers stop, and what is
left is drained. What was acknowledged must have been executed, each task be completed once, and the
books balance at every look. Ends with 1 if anything is wrong.
"""

import argparse
import dataclasses
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.clusters import running
from tests.drills.availability import Availability, Prober
from tests.drills.book import Book
from tests.drills.chaos import Chaos, Move, Pool
from tests.drills.clients import Client, ClientProcess, working
from tests.drills.endpoint import Endpoint
from tests.drills.findings import Finding, table, zero
from tests.drills.footprint import Samples, flat, measuring
from tests.drills.outages import ClusterOutages, ServerOutages
from tests.drills.tasks import Auditor, produce, run_tasks
from tests.servers import WHEEL, RedisServer, programs, wait_until
from thoughtstream.config import RedisConfig, Settings

_PRODUCERS, _WORKERS = 3, 4
_PAUSE_S = (0.1, 0.3)
_REST_S = 120
_LATE_S = 300
_CLUSTER = ("cluster-node-timeout 1000", "cluster-require-full-coverage no")


@dataclass(frozen=True)
class Drill:
    """What to do."""

    seconds: float = 120
    seed: int = 1
    redis: str = WHEEL
    cluster: bool = False


@dataclass(frozen=True)
class Report:
    """What was done, and what was found."""

    done: dict[str, int]
    findings: list[Finding]
    availability: Availability

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return all(finding.good for finding in self.findings)


@dataclass(frozen=True)
class Stage:
    """Where it happens: how Redis is reached, what can go wrong with it, what has to be well again
    before the next thing does, and the server whose memory is measured.
    """

    settings: Settings
    moves: dict[str, tuple[int, Move]]
    settle: Callable[[], object]
    measured: RedisServer | None


@contextmanager
def one_server(drill: Drill, home: Path, chance: random.Random) -> Iterator[Stage]:
    """One Redis that syncs before it answers: nothing acknowledged may be lost."""
    directory = home / "redis"
    directory.mkdir()
    server = RedisServer(programs()[drill.redis], directory, "appendfsync always").start()
    settings = Settings(home=home / "home", redis=RedisConfig(url=server.url))
    try:
        yield Stage(settings, ServerOutages(server).moves(), lambda: None, server)
    finally:
        server.stop()


@contextmanager
def a_cluster(drill: Drill, home: Path, chance: random.Random) -> Iterator[Stage]:
    """Three masters with a replica each; tasks are submitted with `durability="replicas"`."""
    (home / "redis").mkdir()
    make = partial(RedisServer, programs()[drill.redis])
    with running(home / "redis", make, *_CLUSTER, replicas=1) as cluster:
        endpoint = Endpoint(tuple(("127.0.0.1", port) for port in cluster.servers))
        settings = endpoint.settings(home / "home")
        moves = ClusterOutages(cluster, chance).moves()
        yield Stage(settings, moves, cluster.wait_until_whole, None)


def run(drill: Drill, home: Path) -> Report:
    """Run a drill in a directory of its own, which is left as it is."""
    chance, used = random.Random(drill.seed), Samples()
    place = a_cluster if drill.cluster else one_server
    with place(drill, home, chance) as stage:
        producers, workers = _clients(drill, stage.settings, home)
        with working([*producers, *workers]) as processes:
            submitting = Pool("producer", processes[:_PRODUCERS], chance)
            running_ = Pool("worker", processes[_PRODUCERS:], chance)
            submitting.wait_until_ready()
            running_.wait_until_ready()
            chaos = _chaos(stage, submitting, running_, chance)
            auditor, prober = Auditor(stage.settings), Prober(stage.settings)
            with auditor.watching(), _measuring(stage, drill.seconds, used):
                with prober.probing():
                    chaos.run(drill.seconds)
                submitting.stop()
                drained = _drained(auditor)
            running_.stop()
        last = auditor.look()
    book = Book.of(client.log for client in (*producers, *workers))
    wrong = [*submitting.wrong, *running_.wrong]
    memory = [flat(used)] if stage.measured else []
    return Report(
        done=_done(book, chaos.done, auditor),
        findings=[
            drained,
            *_promises(book, last.completed, drill.cluster),
            zero(
                "looks at which the books did not balance", len(auditor.faults), auditor.faults[:3]
            ),
            zero("tasks left over", last.entries_left, last),
            *memory,
            zero("processes that ended badly", len(wrong), wrong),
            prober.found.finding,
        ],
        availability=prober.found,
    )


def _clients(drill: Drill, settings: Settings, home: Path) -> tuple[list[Client], list[Client]]:
    most_s = drill.seconds + _LATE_S
    submit = partial(produce, settings, "replicas" if drill.cluster else "memory")
    work = partial(run_tasks, settings)
    return (
        [Client(f"producer-{n}", "tasks", home, submit, most_s=most_s) for n in range(_PRODUCERS)],
        [Client(f"worker-{n}", "tasks", home, work, most_s=most_s) for n in range(_WORKERS)],
    )


def _chaos(
    stage: Stage,
    producers: Pool[ClientProcess],
    workers: Pool[ClientProcess],
    chance: random.Random,
) -> Chaos:
    def settle() -> None:
        stage.settle()
        producers.look_after()
        workers.look_after()

    moves = {name: (1, move) for name, (_, move) in stage.moves.items()} | {
        "kill -9 of a worker": (12, workers.kill),
        "kill -9 of a producer": (6, producers.kill),
        "freeze of a worker": (2, workers.freeze),
    }
    return Chaos(chance, moves, settle, _PAUSE_S)


@contextmanager
def _measuring(stage: Stage, seconds: float, used: Samples) -> Iterator[None]:
    if stage.measured is None:
        yield
        return
    with measuring(stage.measured, seconds, used):
        yield


def _drained(auditor: Auditor) -> Finding:
    """Wait until workers have done all that there is."""
    started = time.monotonic()
    try:
        wait_until(lambda: not auditor.look().unfinished, "all is done", most_s=_REST_S, step_s=0.2)
    except TimeoutError:
        return Finding("everything is worked off", f"in {_REST_S} s", "it is not", False)
    took = f"{time.monotonic() - started:.1f} s"
    return Finding("everything is worked off", f"in {_REST_S} s", took, True)


def _promises(book: Book, completed: int, cluster: bool) -> list[Finding]:
    """By value: what was acknowledged was executed; no completion was accepted twice."""
    ran = {note.value for note in book.notes if note.what == "ran"}
    accepted = Counter(note.value for note in book.notes if note.what == "accepted")
    lost = book.acknowledged.keys() - ran
    twice = [value for value, times in accepted.items() if times > 1]
    sent = book.noted("sent").keys()
    again = zero("tasks whose completion was accepted twice", len(twice), twice[:3])
    if cluster:  # a completion that only its master knew is lost with it, and the task runs again
        again = Finding(
            "completions lost with a master, and made again", "any", f"{len(twice)}", True
        )
    return [
        zero("acknowledged tasks that never ran", len(lost), sorted(lost)[:3]),
        again,
        zero("tasks that nobody submitted", len(ran - sent)),
        Finding(
            "completed, by the ledger", f"{len(ran)} that ran", f"{completed}",
            len(book.acknowledged) <= completed <= len(sent),
        ),
    ]  # fmt: skip


def _done(book: Book, done: Counter[str], auditor: Auditor) -> dict[str, int]:
    return {
        "tasks acknowledged": len(book.acknowledged),
        "tasks without an answer": len(book.unknown),
        "executions": book.count["ran"],
        "looks at the books": auditor.looks,
        **dict(sorted(done.items())),
    }


def show(drill: Drill, report: Report) -> None:
    """Print what was done and what was found."""
    where = "a cluster" if drill.cluster else "one server"
    done = Table(
        "what was done", "times",
        title=f"{drill.seconds:.0f} s, {where}, Redis {drill.redis}, seed {drill.seed}",
    )  # fmt: skip
    done.columns[1].justify = "right"
    for name, times in report.done.items():
        done.add_row(name, f"{times:,}")
    Console().print(done, table(report.findings))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--redis", choices=sorted(programs()), default=WHEEL)
    parser.add_argument("--cluster", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    drill = Drill(given.minutes * 60, given.seed, given.redis, given.cluster)
    with tempfile.TemporaryDirectory(prefix="drill-") as home:
        report = run(drill, Path(home))
    if given.json:
        json.dump(dataclasses.asdict(drill) | dataclasses.asdict(report), sys.stdout, indent=2)
    else:
        show(drill, report)
    sys.exit(0 if report.good else 1)


if __name__ == "__main__":
    main()
