"""Measures that Prometheus reads."""

from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.exposition import choose_encoder

from thoughtstream.measuring.measures import Measures
from thoughtstream.measuring.metric import Metric


class PrometheusMeasures(Measures):
    """Keeps these metrics, for any thread to read."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self.registry = CollectorRegistry()
        self._made = {metric: _make(metric, self.registry) for metric in metrics}
        self._series: dict[tuple[Metric, tuple[str, ...]], Any] = {}
        self._is_well: Callable[[], bool] = lambda: True
        for metric in self._made:
            for labels in metric.known_series:
                self._of(metric, labels)

    def count(self, metric: Metric, *labels: str) -> None:
        self._of(metric, labels).inc()

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        self._of(metric, labels).observe(value)

    def watch(self, metric: Metric, read: Callable[[], float]) -> None:
        self._of(metric, ()).set_function(read)

    def say(self, metric: Metric, **labels: str) -> None:
        self._made[metric].info(labels)

    def vouch(self, is_well: Callable[[], bool]) -> None:
        self._is_well = is_well

    @property
    def is_well(self) -> bool:
        """Whether the process says that it is."""
        return self._is_well()

    def _of(self, metric: Metric, labels: tuple[str, ...]) -> Any:
        series = self._series.get((metric, labels))
        if series is None:
            made = self._made[metric]
            series = self._series[metric, labels] = made.labels(*labels) if labels else made
        return series


def exposed(registry: CollectorRegistry, accept: str = "") -> tuple[bytes, str]:
    """All of it as text, and its content type: OpenMetrics, if that is accepted (the header of the
    request), else Prometheus' own format.
    """
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


def _make(metric: Metric, registry: CollectorRegistry) -> Any:
    names = tuple(metric.labels)
    if metric.kind == "histogram":
        return Histogram(metric.name, metric.help, names, buckets=metric.buckets, registry=registry)
    if metric.kind == "info":
        return Info(metric.name.removesuffix("_info"), metric.help, registry=registry)
    made = Counter if metric.kind == "counter" else Gauge
    return made(metric.name, metric.help, names, registry=registry)
