"""How fast the queue is beside a bare loop over a stream, and beside other task queues for Redis:
`uv run python -m tests.bench.queues`.

Every contender runs in a fresh process with a server of its own (append-only file, fsync each
second), round after round, each time in another order; a figure is the median of the rounds. The
others are installed in `~/.cache/thoughtstream`; those that can't be are left out.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.clusters import free_port
from tests.servers import RedisServer, programs

PEERS = {
    "taskiq-redis": ("taskiq==0.13.0", "taskiq-redis==1.2.4"),
    "streaq": ("streaq==7.2.0",),
    "docket": ("pydocket==0.27.0",),
    "arq": ("arq==0.28.0",),
}
"""Others, and what to install for them, each in an environment of its own."""

_SCRIPT = Path(__file__).parent / "queue_contenders.py"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "thoughtstream"

Figures = dict[str, float]
Rounds = dict[str, list[Figures]]


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=5000)
    parser.add_argument("--slots", type=int, default=32)
    parser.add_argument("--trips", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    pythons = {"bare": sys.executable, "ours": sys.executable}
    if not given.no_peers:
        pythons |= {name: python for name in PEERS if (python := _installed(name))}
    runs = {name: (name, given.slots) for name in pythons}
    runs |= {f"{name}, one slot": (name, 1) for name in ("bare", "ours")}
    rounds: Rounds = {name: [] for name in runs}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("measuring", total=given.rounds * len(runs))
        for number in range(given.rounds):
            order = [*runs][number % len(runs) :] + [*runs][: number % len(runs)]
            for run in order:
                name, slots = runs[run]
                progress.update(bar, description=run)
                figures = _measure(pythons[name], name, given.tasks, slots, given.trips)
                rounds[run] += [figures] if figures else []
                progress.advance(bar)
    answer = ratios(rounds)
    if given.json:
        print(json.dumps(answer))  # noqa: T201
    else:
        _show(rounds, answer, given.tasks)


def _installed(name: str) -> str | None:
    """The Python of an environment with this peer; None: it can't be installed."""
    home = _CACHE / "peers" / "-".join(part.replace("==", "-") for part in PEERS[name])
    python = home / "bin" / "python"
    if (home / "ready").exists():
        return str(python)
    shutil.rmtree(home, ignore_errors=True)
    uv = os.environ.get("UV", "uv")
    makes = (
        (uv, "venv", "-q", "-p", sys.executable, str(home)),
        (uv, "pip", "install", "-q", "-p", str(python), *PEERS[name], "uvloop", "hiredis"),
    )
    for command in makes:
        try:
            subprocess.run(command, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):  # no uv, or no network
            return None
    (home / "ready").touch()
    return str(python)


def _measure(python: str, name: str, tasks: int, slots: int, trips: int) -> Figures | None:
    """The figures of one contender; None: it did not come to an end."""
    newest = programs()[max(programs())]
    with tempfile.TemporaryDirectory() as directory:
        port = free_port()
        server = RedisServer(newest, Path(directory), f"port {port}", "bind 127.0.0.1").start()
        try:
            url = f"redis://127.0.0.1:{port}/0"
            numbers = map(str, (tasks, slots, trips))
            done = subprocess.run(
                [python, str(_SCRIPT), name, url, *numbers],
                capture_output=True, text=True, check=False, timeout=600,
            )  # fmt: skip
        finally:
            server.stop()
    if done.returncode:
        sys.stderr.write(f"{name}: {done.stderr.strip().splitlines()[-1:]}\n")
        return None
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def ratios(rounds: Rounds) -> dict[str, Any]:
    """The promised ones; more is better, but for a round trip."""
    faster = _Median(rounds)
    peers = [name for name in PEERS if rounds.get(name)]
    best = min((faster.seconds(name, "drain") for name in peers), default=None)
    return {
        "drain_over_bare": faster("drain", "ours", "bare"),
        "drain_over_best_peer": None if best is None else best / faster.seconds("ours", "drain"),
        "one_slot_over_bare": faster("drain", "ours, one slot", "bare, one slot"),
        "round_trip_over_bare": 1 / faster("trip", "ours", "bare"),
        "submit_over_xadd": faster("submit", "ours", "bare"),
        "bulk_over_pipelined_xadd": faster("bulk", "ours", "bare"),
    }


class _Median:
    """Compares contenders by their medians over the rounds."""

    def __init__(self, rounds: Rounds) -> None:
        self._rounds = rounds

    def seconds(self, name: str, what: str) -> float:
        return statistics.median(figures[what] for figures in self._rounds[name])

    def __call__(self, what: str, one: str, other: str) -> float:
        """How many times as fast one is as the other."""
        return self.seconds(other, what) / self.seconds(one, what)


def _show(rounds: Rounds, answer: dict[str, Any], tasks: int) -> None:
    median = _Median(rounds)

    def rate(name: str, what: str) -> str:
        return f"{tasks / median.seconds(name, what):,.0f}"

    table = Table("contender", "submitted/s", "run/s", "round trip, ms")
    for name in (name for name, measured in rounds.items() if measured):
        trip = median.seconds(name, "trip") * 1000
        table.add_row(name, rate(name, "submit"), rate(name, "drain"), f"{trip:.2f}")
    out = Console()
    out.print(table)
    for name, ratio in answer.items():
        out.print(f"{name:26} {'-' if ratio is None else f'{ratio:.2f}'}")


if __name__ == "__main__":
    main()
