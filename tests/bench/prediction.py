"""How well an agent learns to predict what this host's senses read, second by second.

    python -m tests.bench.prediction [--record SECONDS] [--json] FILE

FILE is a trace, lines of JSON, one a signal: what, unit, values; `--record` makes it first. An
agent observes it in Redis, a second after the other. Rates are taken as their logarithm (base ten).
What is expected before anything was observed is the middle of a signal's range, half of it either
way: no number here is made of a trace.

Error is a root mean square, as a part of what it is without learning (of the basal prior), on
average over the signals: of each level of priors, which is a seed of its own, and of all together;
of these, in the last third of the trace, and beside the best single seed. Beside them, the error of
who learns nothing and always says the last value again.
"""

import argparse
import asyncio
import json
import math
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.servers import WHEEL, RedisServer, programs
from thoughtstream.config import RedisConfig
from thoughtstream.learning.lineage import Lineage
from thoughtstream.senses.host import Disk, Load, Network, Reading, memory
from thoughtstream.senses.predicting import RANGES, Predictor, quantity_of, value_of
from thoughtstream.store.connection import connect

TOGETHER = "expected"


@dataclass(frozen=True)
class Signal:
    """One signal of a trace: a value a second."""

    what: str
    unit: str
    values: list[float]

    @property
    def readings(self) -> list[Reading]:
        """As a gauge tells them."""
        return [Reading(self.what, value, self.unit, least=0) for value in self.values]


@dataclass(frozen=True)
class Learned:
    """Errors beside those without learning, by seed and of all together (`expected`); of these also
    in the last third of the trace, and beside the best seed. `repeated`: of the last value.
    """

    error: dict[str, float]
    last_third: float
    repeated: float

    @property
    def beside_best(self) -> float:
        """1: as good as the best single seed."""
        return self.error[TOGETHER] / min(
            error for seed, error in self.error.items() if seed != TOGETHER
        )


def read(file: Path) -> list[Signal]:
    """The signals of a trace."""
    return [Signal(**json.loads(line)) for line in file.read_text().splitlines()]


def record(file: Path, times: int, every_s: float = 1) -> None:
    """Read this host's senses so many times; three digits of each value are kept."""
    gauges, found = (Load(), memory, Disk(), Network()), dict[str, Signal]()
    last = time.monotonic()
    for _ in range(times):
        time.sleep(max(0.0, last + every_s - time.monotonic()))
        now = time.monotonic()
        for gauge in gauges:
            for one in gauge(now - last):
                signal = found.setdefault(one.what, Signal(one.what, one.unit, []))
                signal.values.append(float(f"{one.value:.3g}"))
        last = now
    lines = (json.dumps(asdict(signal)) for signal in found.values())
    file.write_text("".join(f"{line}\n" for line in lines))


async def learned(lineage: Lineage, signals: Sequence[Signal]) -> dict[str, Learned]:
    """By signal, what an agent has learned of it that observes it in the lineage."""
    await Predictor(lineage, "host").begin(signal.readings[0] for signal in signals)
    every = [_learned(lineage, signal) for signal in signals]
    return dict(zip((one.what for one in signals), await asyncio.gather(*every), strict=True))


async def _learned(lineage: Lineage, signal: Signal) -> Learned:
    squares, without, repeated = list[float](), list[float](), list[float]()
    middle = before = sum(RANGES[signal.unit]) / 2
    name = quantity_of(signal.readings[0])
    for value in map(value_of, signal.readings):
        observed = await lineage.observe("host", name, value)
        squares.append((observed.expected.mean - value) ** 2)
        without.append((middle - value) ** 2)
        repeated.append((before - value) ** 2)
        before = value
    total = (await lineage.believes(name, "host")).total_error
    last = len(squares) * 2 // 3
    late = math.sqrt(sum(squares[last:]) / sum(without[last:]))
    again = math.sqrt(sum(repeated) / sum(without))
    return Learned({seed: error / total["basal"] for seed, error in total.items()}, late, again)


def mean(found: Sequence[Learned]) -> Learned:
    """Over signals, each counting the same."""
    error = {seed: statistics.fmean(one.error[seed] for one in found) for seed in found[0].error}
    late = statistics.fmean(one.last_third for one in found)
    return Learned(error, late, statistics.fmean(one.repeated for one in found))


async def _run(signals: Sequence[Signal]) -> dict[str, Learned]:
    with tempfile.TemporaryDirectory() as directory:
        server = RedisServer(programs()[WHEEL], Path(directory)).start()
        try:
            async with connect(RedisConfig(url=server.url)) as redis:
                return await learned(Lineage(redis, "hosts"), signals)
        finally:
            server.stop()


def table(found: dict[str, Learned]) -> Table:
    """A row a signal, and their mean."""
    seeds = [*found["mean"].error]
    result = Table(title="Error of what was expected, beside that without learning")
    for name in ("signal", *seeds, "last third", "beside best", "repeated"):
        result.add_column(name, justify="left" if name == "signal" else "right")
    for name, one in found.items():
        numbers = (*(one.error[seed] for seed in seeds), one.last_third, one.beside_best, one.repeated)
        result.add_row(name, *(f"{number:.3f}" for number in numbers))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--record", type=int, metavar="SECONDS", help="write FILE first")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.record:
        record(given.file, given.record)
    found = asyncio.run(_run(read(given.file)))
    found["mean"] = mean([*found.values()])
    if given.json:
        rows = {name: asdict(one) | {"beside_best": one.beside_best} for name, one in found.items()}
        print(json.dumps(rows))  # noqa: T201
        return
    Console(width=110).print(table(found))


if __name__ == "__main__":
    main()
