"""What a metric is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

PREFIX = "thoughtstream_"
_UNITS = ("seconds", "bytes", "ratio")

Kind = Literal["counter", "gauge", "histogram", "info"]


@dataclass(frozen=True, eq=False)
class Metric:
    """One metric. `labels`: each with its values, where they are known beforehand: then every
    series is there from the beginning, at 0. `buckets`: the upper edges of a histogram's.
    """

    name: str
    kind: Kind
    help: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    buckets: tuple[float, ...] = ()

    @property
    def unit(self) -> str:
        """That of its values, which its name ends in; empty: it counts something."""
        last = self.name.removesuffix("_total").rpartition("_")[2]
        return last if last in _UNITS else ""

    @property
    def known_series(self) -> list[tuple[str, ...]]:
        """The values of the labels of each series that is known beforehand."""
        return list(product(*self.labels.values()))

    @property
    def series_names(self) -> tuple[str, ...]:
        """What may be asked for by name in an expression."""
        if self.kind == "histogram":
            return tuple(f"{self.name}_{part}" for part in ("bucket", "count", "sum"))
        return (self.name,)


def counter(name: str, says: str, **labels: tuple[str, ...]) -> Metric:
    """Counts; its name ends in `_total`."""
    return Metric(f"{PREFIX}{name}", "counter", says, labels)


def gauge(name: str, says: str, **labels: tuple[str, ...]) -> Metric:
    """Is what it is at the moment."""
    return Metric(f"{PREFIX}{name}", "gauge", says, labels)


def histogram(
    name: str, says: str, buckets: tuple[float, ...], **labels: tuple[str, ...]
) -> Metric:
    """How often something was how large."""
    return Metric(f"{PREFIX}{name}", "histogram", says, labels, buckets)


def info(name: str, says: str, **labels: tuple[str, ...]) -> Metric:
    """Says what something is, in its labels; its name ends in `_info`."""
    return Metric(f"{PREFIX}{name}", "info", says, labels)
