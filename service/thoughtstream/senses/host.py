"""Readings of this host: load, memory, disk, network; each becomes a thought."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psutil

from thoughtstream.attention.models import NewThought
from thoughtstream.senses import salience
from thoughtstream.senses.salience import Expectation

_UNUSUAL = 0.5


@dataclass(frozen=True)
class Reading:
    """One value of one signal: `what` it is, its unit, and the least change that means anything.

    `strain` is how much it strains the host, 0 to 1, where that can be told.
    """

    what: str
    value: float
    unit: str
    least: float
    strain: float | None = None


Gauge = Callable[[float], Iterator[Reading]]
"""Reads signals; the argument is the time since the last reading in seconds."""


@dataclass
class Feeling:
    """Turns readings into thoughts: remembers what is usual for each signal."""

    usual: dict[str, Expectation] = field(default_factory=dict)

    def notice(self, reading: Reading) -> NewThought:
        """The thought of a reading, as salient as the reading is surprising."""
        expected = self.usual.get(reading.what, Expectation())
        surprise = salience.of_reading(expected, reading.value, least=reading.least)
        self.usual[reading.what] = expected.after(reading.value)
        return NewThought(
            content=_say(reading, expected, surprise),
            window="sensory" if reading.strain is None else "emotion",
            salience=round(surprise, 3),
            valence=None if reading.strain is None else round(-reading.strain, 3),
            arousal=None if reading.strain is None else round(surprise, 3),
            extra={"value": f"{reading.value:.4g}", "unit": reading.unit},
        )


def _say(reading: Reading, expected: Expectation, surprise: float) -> str:
    now = f"{reading.what} is {_amount(reading.value, reading.unit)}"
    if expected.seen and surprise >= _UNUSUAL:
        direction = "up" if reading.value > expected.mean else "down"
        return f"{now}, {direction} from the usual {_amount(expected.mean, reading.unit)}"
    return now


def _amount(value: float, unit: str) -> str:
    if unit == "B/s":
        for larger in ("B/s", "KB/s", "MB/s"):
            if value < 1000:
                return f"{value:.0f} {larger}"
            value /= 1000
        return f"{value:.1f} GB/s"
    return f"{value:.0f}%" if unit == "%" else f"{value:.2f} {unit}".rstrip()


class Load:
    """CPU usage, and the load average per core."""

    def __init__(self) -> None:
        psutil.cpu_percent()  # it tells what was used since it was last asked

    def __call__(self, _: float) -> Iterator[Reading]:
        yield Reading("CPU usage", psutil.cpu_percent(), "%", least=5)
        cores = psutil.cpu_count() or 1
        pressed = psutil.getloadavg()[0] / cores
        yield Reading("load average", pressed, "per core", least=0.1, strain=min(pressed / 2, 1))


def memory(_: float) -> Iterator[Reading]:
    """Main memory and swap."""
    yield Reading("memory usage", psutil.virtual_memory().percent, "%", least=1)
    swap = psutil.swap_memory()
    if swap.total:
        yield Reading("swap usage", swap.percent, "%", least=1, strain=min(swap.percent / 100, 1))


class Disk:
    """How full the root file system is, and the rates of reading and writing."""

    def __init__(self) -> None:
        self._last = psutil.disk_io_counters()

    def __call__(self, seconds: float) -> Iterator[Reading]:
        yield Reading("disk usage", psutil.disk_usage(os.sep).percent, "%", least=0.5)
        now = psutil.disk_io_counters()
        if now is not None and self._last is not None and seconds:
            read = max(now.read_bytes - self._last.read_bytes, 0) / seconds
            written = max(now.write_bytes - self._last.write_bytes, 0) / seconds
            yield Reading("disk read rate", read, "B/s", least=1e6)
            yield Reading("disk write rate", written, "B/s", least=1e6)
        self._last = now


class Network:
    """The rates of receiving and sending, over all interfaces."""

    def __init__(self) -> None:
        self._last = psutil.net_io_counters()

    def __call__(self, seconds: float) -> Iterator[Reading]:
        now = psutil.net_io_counters()
        if now is not None and self._last is not None and seconds:
            received = max(now.bytes_recv - self._last.bytes_recv, 0) / seconds
            sent = max(now.bytes_sent - self._last.bytes_sent, 0) / seconds
            yield Reading("network receive rate", received, "B/s", least=1e5)
            yield Reading("network send rate", sent, "B/s", least=1e5)
        self._last = now
